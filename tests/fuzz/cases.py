"""Calls made from the OpenAPI document: some that it allows and some that it does not, about things that exist."""

from functools import cache
from typing import Any, TypeAlias

import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema

from chiron.files.tests.factories import PNG
from chiron.kernel.requests import Request
from tests.matrix.operations import OPERATIONS
from tests.matrix.world import Thing, Whose, World
from tests.town import PASSWORD

THINGS = {
    "patient_id": Thing.PATIENT, "record_id": Thing.RECORD, "attachment_id": Thing.ATTACHMENT,
    "session_id": Thing.SESSION, "provider_id": Thing.PROVIDER, "doctor_id": Thing.PROVIDER,
    "department_id": Thing.DEPARTMENT, "laboratory_id": Thing.LABORATORY, "range_id": Thing.REFERENCE_RANGE,
    "membership_id": Thing.MEMBERSHIP, "organization_id": Thing.ORGANIZATION, "glass_id": Thing.GLASS,
}  # fmt: skip
OPEN = {
    "POST /api/auth/login": {"username": "hilltop-lab", "password": PASSWORD, "organization": "hilltop"},
    "POST /api/auth/register": {
        "username": "esi", "email": "e@example.org", "password": "seven tired donkeys", "role": "PATIENT",
        "first_name": "Esi", "last_name": "Badu", "birth_date": "1980-01-01", "organization": "hilltop",
    },
    "POST /api/auth/password/reset": {"email": "e@example.org"},
}  # fmt: skip
Operation: TypeAlias = Any
Case: TypeAlias = Any
"""As schemathesis makes them: types of five and four parameters that say nothing here."""
TWISTS: list[dict[str, str]] = [
    *[{}] * 8,
    {"X-Organization": "riverside"},
    {"X-Organization": "hilltop"},
    {"If-Match": '"999"'},
    {"If-Match": "W/nonsense"},
    {"Idempotency-Key": "one-of-all"},
    {"Accept": "text/html"},
    {"Transfer-Encoding": "chunked"},
]


@cache
def schema() -> BaseSchema:
    """The document as it is served, and the application that serves it."""
    application = get_wsgi_application()
    application.request_class = Request
    return schemathesis.openapi.from_wsgi("/api/openapi.json", application)


def operations() -> list[Operation]:
    """Everything that the document describes."""
    described: list[Any] = list(schema().get_all_operations())
    return [each.ok() for each in described]


def calls(operation: Operation, world: World) -> st.SearchStrategy[tuple[str, Case]]:
    """Somebody, and what they call: about a thing of theirs, of another's, of nobody's, or about nonsense."""

    @st.composite
    def drawn(draw: st.DrawFn) -> tuple[str, Case]:
        who = draw(st.sampled_from([*sorted(world.clients), "ADMIN", "DOCTOR"]))
        mode = draw(st.sampled_from(list(GenerationMode)))
        case = draw(operation.as_strategy(generation_mode=mode))
        whose = draw(st.sampled_from([Whose.MINE, Whose.MINE, *Whose, None]))
        if whose:
            make_real(case, world, who, whose)
            how = draw(st.sampled_from(["generated", "fitting", "fitting but for one"]))
            if how != "generated":
                make_fit(case, world, who, whose, draw(st.integers(0, 20)) if how == "fitting but for one" else None)
        case.headers.update(draw(st.sampled_from(TWISTS)))
        return who, case

    return drawn()


def make_real(case: Case, world: World, who: str, whose: Whose) -> None:
    """Put the ids of things into the path."""
    for name in case.path_parameters:
        thing = THINGS.get(name)
        case.path_parameters[name] = str(world.thing(thing, whose, who)) if thing else "1"
    row = OPERATIONS.get(case.operation.label)
    if row and row.thing and case.path_parameters:
        case.path_parameters[next(iter(case.path_parameters))] = str(world.thing(row.thing, whose, who))


def make_fit(case: Case, world: World, who: str, whose: Whose, spoilt: int | None) -> None:
    """Put in a body that fits and leave the rest out; or spoil one member of the body, as generated."""
    fitting = body_of(case.operation.label, world, who, whose)
    if spoilt is None:
        case.query.clear()
        case.headers.clear()
    elif fitting and isinstance(case.body, dict) and case.body:
        name = sorted(case.body, key=str)[spoilt % len(case.body)]
        fitting[name] = case.body[name]
    if fitting is not None:
        case.body = fitting
        case.media_type = "multipart/form-data" if "file" in fitting else "application/json"


def body_of(label: str, world: World, who: str, whose: Whose) -> dict[str, Any] | None:
    """A body that fits, where the operation takes one."""
    row = OPERATIONS.get(label)
    if row is None or row.body is None:
        return OPEN.get(label)
    body = dict(row.body(world, world.thing(row.thing or Thing.PATIENT, whose, who)))
    return body | ({"file": PNG} if "file" in body else {})
