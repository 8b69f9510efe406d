"""The access matrix: every operation, asked by everybody, about everything (promises T1 and U4).

Operations come from the API itself and what each caller may do from the policy table; nothing is listed twice.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from ninja import NinjaAPI

from chiron.identity.policy import scope_of
from chiron.identity.public import Role
from chiron.kernel.access import Need, Proof, Scope, need_of, proof_of
from chiron.screening.shelf import bundles_there
from config.api import api
from tests.apart import become_the_form_that_answers
from tests.matrix.operations import METRIC, OPERATIONS, Operation, sent
from tests.matrix.world import OUTCASTS, Thing, Whose, World, events_of, undone

APPOINTMENTS = (Thing.APPOINTMENT, Thing.BEGUN, Thing.PRESENT, Thing.MISSED, Thing.HOLD, Thing.PENDING, Thing.SERIES)
OBJECTS_OF_PATIENTS = (Thing.PATIENT, Thing.RECORD, Thing.ATTACHMENT, Thing.SIGNED, Thing.WAITING, *APPOINTMENTS)
EXAMINED = (Thing.LABORATORY, Thing.ANNOUNCED, Thing.SPECIMEN, Thing.DRAFT, Thing.REPORT, Thing.SCREENING, Thing.BATCH)
OBJECTS_OF_SOMEBODY = (*OBJECTS_OF_PATIENTS, *EXAMINED)


def guarded(of: NinjaAPI = api, proof: Proof | None = None) -> Iterator[tuple[str, Need]]:
    """Every operation that is not open to all, with what it needs; or only those that ask for that proof."""
    for router in of._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                need = need_of(operation.view_func)
                if need is not None and proof in (None, proof_of(operation.view_func)):
                    plain = re.sub(r"\{\w+:", "{", path)
                    yield from ((f"{method} /api{plain}", need) for method in operation.methods)


NEEDS = dict(guarded())


def test_every_guarded_operation_is_in_the_matrix() -> None:
    assert sorted(OPERATIONS) == sorted(NEEDS)


def sampled(*means: str) -> list[Any]:
    """Every operation, one in eight of them in the fast suite: what somebody calls by is looked at for all alike."""
    slow = pytest.mark.stress
    return [pytest.param(name, *means, marks=[slow] if at % 8 else []) for at, name in enumerate(sorted(NEEDS))]


@pytest.mark.parametrize(("name", "means"), [*((name, "header") for name in sorted(NEEDS)), *sampled("cookie")])
def test_everybody_gets_what_the_policy_gives_and_nothing_else(
    name: str, means: str, world: World, shown: Callable[[str, str], None]
) -> None:
    world.call_by(means)

    assert wrongs(world, name) == []
    shown(
        "T1",
        f"{world.secrets.answers:,} answers of {len(NEEDS)} operations to {len(world.clients)} callers, by header and"
        " by cookie: each as the policy says, no word and no id of a neighbour in any",
    )


@pytest.mark.parametrize("name", sampled())
def test_so_they_do_where_another_process_signs_them_in(
    name: str, world: World, auth_service_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    become_the_form_that_answers(name.split(" ")[1], auth_service_url, monkeypatch)

    assert wrongs(world, name) == []


def wrongs(world: World, name: str) -> list[object]:
    """Who got something else than the policy gives of one operation, and what."""
    operation, need = OPERATIONS[name], NEEDS[name]
    wrong: list[object] = []
    missing: set[bytes] = set()

    for who in world.clients:
        for whose in Whose if operation.thing else [Whose.MINE]:
            with undone():
                before = events_of(world.hilltop)
                answer = ask(world, name, operation, who, whose)
                events = events_of(world.hilltop) - before
            expected = allowed(world, operation, need, who, whose)
            leaked = leaks(world, need, who, answer, asked=thing_of(world, operation, who, whose))
            lacks = lacking(world, need, operation, who, answer)
            if not fits(answer.status_code, expected) or leaked or lacks or events != due(operation, answer, expected):
                wrong.append((who, whose.value, answer.status_code, expected, leaked, lacks, events))
            if answer.status_code == 404:
                missing.add(whole(answer))
    return [*wrong, *(["a 404 that tells something"] if len(missing) > 1 else [])]


def whole(answer: Any) -> bytes:
    """Everything in an answer but the number of its request."""
    headers = sorted((name, value) for name, value in answer.items() if name != "X-Request-Id")
    return repr(headers).encode() + answer.content  # type: ignore[no-any-return]


def ask(
    world: World, name: str, operation: Operation, who: str, whose: Whose, words: dict[str, str] | None = None
) -> Any:
    """The answer to one caller about one thing; with words in its address, too."""
    method, path = name.split(" ")
    thing_id = thing_of(world, operation, who, whose)
    if "assignments" in path:
        cares = world.hilltop.other_doctor_id if whose is Whose.ANOTHERS else world.hilltop.doctor_id
        path = path.replace("{doctor_id}", str(cares))
    if path.endswith("{department_id}") and "providers" in path:
        path = path.replace("{department_id}", str(world.things[Thing.DEPARTMENT, Whose.MINE]))
    if path.endswith("{account_id}"):
        works = world.newcomer if whose is Whose.ANOTHERS else world.hilltop.who[Role.LAB].account_id
        path = path.replace("{account_id}", str(works))
    path = path.replace("{content_hash}", bundles_there()[0].content_hash).replace("{metric}", METRIC)
    path = re.sub(r"\{\w+\}", str(thing_id), path.replace("{version}", "1"))
    asked = {**(operation.words or {}), **(words or {})}
    path += f"?{urlencode(asked)}" if asked else ""
    body = operation.body(world, thing_id) if operation.body else None
    return kept(getattr(world.clients[who], method.lower())(path, **sent(body)))


def kept(answer: Any) -> Any:
    """The same answer, which can be read more than once though it is a stream."""
    content = answer.getvalue()
    answer.getvalue = lambda: content
    return answer


def thing_of(world: World, operation: Operation, who: str, whose: Whose) -> UUID:
    """What the operation is asked about."""
    return world.thing(operation.thing or Thing.PATIENT, whose, who)


def allowed(world: World, operation: Operation, need: Need, who: str, whose: Whose) -> int:
    """The status that the policy means: 200 stands for any success, and for a conflict with the state of things."""
    if who == "anonymous" or who in OUTCASTS:
        return 401
    scope = scope_of(world.callers[who], *need)
    if scope is Scope.NONE:
        return 403
    if whose is Whose.MINE and who in operation.beyond_the_policy:
        return 403
    return 200 if operation.thing is None or reaches(scope, operation.thing, whose) else 404


def reaches(scope: Scope, thing: Thing, whose: Whose) -> bool:
    """Whether a thing lies within a scope."""
    if thing is Thing.ORGANIZATION and scope is Scope.ORGANIZATION:
        return whose in (Whose.MINE, Whose.NEXT_DOOR)
    if whose is Whose.ANOTHERS:
        return thing in OBJECTS_OF_SOMEBODY and scope is Scope.ORGANIZATION
    return whose is Whose.MINE


def fits(status: int, expected: int) -> bool:
    """Whether an answer is as allowed; 409 says that a slug is taken, or no second factor on: an answer as well."""
    return status in range(200, 300) or status == 409 if expected == 200 else status == expected


def due(operation: Operation, answer: Any, expected: int) -> int:
    """How many events there must be: none for a stranger, one for a refusal, and the operation's for a success."""
    if expected == 401:
        return 0
    return operation.events if answer.status_code < 300 else 1


def leaks(world: World, need: Need, who: str, answer: Any, *, asked: UUID) -> list[str]:
    """What is in an answer that this caller must not see; the id that was asked for is the caller's own word."""
    own = str(asked) if answer.status_code < 300 else ""
    leaked = world.secrets.leaked(answer, to_operator=who == "operator", but=own)
    if who not in world.callers or scope_of(world.callers[who], *need) is not Scope.ORGANIZATION:
        text = answer.getvalue().decode(errors="replace")
        leaked += [str(id) for id in world.of_others if str(id) in text and str(id) != own]
    return leaked


def lacking(world: World, need: Need, operation: Operation, who: str, answer: Any) -> list[str]:
    """What a list must show this caller and does not."""
    if operation.lists is None or answer.status_code != 200:
        return []
    scope, text = scope_of(world.callers[who], *need), answer.content.decode()
    whose = [each for each in (Whose.MINE, Whose.ANOTHERS) if reaches(scope, operation.lists, each)]
    return [each.value for each in whose if str(world.thing(operation.lists, each, who)) not in text]


def test_the_published_document_has_the_same_operations_and_guards() -> None:
    document = api.get_openapi_schema()
    published = {
        f"{method.upper()} {path}": each for path, at in document["paths"].items() for method, each in at.items()
    }

    assert {name for name, each in published.items() if each["security"]} == set(NEEDS)
    assert {name for name, each in published.items() if not each["security"]} == {
        "POST /api/auth/register",
        "POST /api/auth/login",
        "POST /api/auth/mfa/verify",
        "POST /api/auth/refresh",
        "POST /api/auth/validate",
        "POST /api/auth/password/reset",
        "POST /api/auth/password/reset/confirm",
        "POST /api/auth/email/verify",
        "GET /api/appointments/feed/{secret}.ics",
        "POST /api/mail/events",
        "POST /api/mail/events/mailjet",
    }
