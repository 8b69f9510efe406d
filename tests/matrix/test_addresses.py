"""Every address that answers is asked: those open to all, filters and cursors, ranges and links, other methods (T1)."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from ninja.operation import PathView

from chiron.identity.policy import scope_of
from chiron.kernel.access import Scope
from chiron.kernel.ids import new_id
from config import health
from config.api import api
from tests.canary.needles import CLEAR, WORD
from tests.matrix.operations import OPERATIONS
from tests.matrix.test_access import NEEDS, ask, kept, whole
from tests.matrix.world import Thing, Whose, World, undone
from tests.town import PASSWORD

OPEN = {
    "POST /api/auth/register": {
        "username": "riverside-lab",
        "email": "a@b.example",
        "role": "PATIENT",
        "first_name": "A",
    },
    "POST /api/auth/login": {"username": "riverside-lab"},
    "POST /api/auth/mfa/verify": {"mfa_token": CLEAR, "code": "123456"},
    "POST /api/auth/refresh": {"refresh": CLEAR},
    "POST /api/auth/password/reset": {"email": f"{WORD}@example.org"},
    "POST /api/auth/password/reset/confirm": {"code": CLEAR},
    "POST /api/auth/email/verify": {"code": CLEAR},
    "POST /api/auth/validate": {"token": CLEAR},
    "GET /api/appointments/feed/{secret}.ics": {},
    "POST /api/mail/events": {"address": f"{WORD}@example.org"},
    "POST /api/mail/events/mailjet": {"email": f"{WORD}@example.org"},
}
PLAIN = {
    "": 302,
    "admin": 302,
    "desk": 302,
    "api": 302,
    "api/": 302,
    "api/docs": 200,
    "health": 200,
    "health/live": 200,
}
PLAIN |= {f"mail/{page}/<str:token>": 404 for page in ("appointment", "offer", "stop")}
PLAIN |= {
    "auth/revocations": 401,
    "metrics": 404,
    "api/openapi.json": 200,
    "health/ready": 200,
    ".well-known/jwks.json": 200,
}
DOCUMENT = api.get_openapi_schema()
FILTERED = {
    f"GET {path}": [each for each in at["get"]["parameters"] if each["in"] == "query"]
    for path, at in DOCUMENT["paths"].items()
    if "get" in at and any(each["in"] == "query" for each in at["get"].get("parameters", []))
}
METHODS = ("get", "post", "put", "patch", "delete", "options", "trace")


def routes(patterns: Iterable[Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every address of ours with what answers it."""
    for each in patterns:
        if isinstance(each, URLPattern):
            yield before + str(each.pattern), each.callback
        else:
            yield from routes(each.url_patterns, before + str(each.pattern))


def is_operation(view: Any) -> bool:
    return bool(view.__module__ == PathView.__module__)


def is_page(address: str) -> bool:
    """Whether `test_pages` or `test_desk` asks for it."""
    return address.startswith(("admin/", "desk/"))


def everybody_asks(world: World, call: Callable[[Client], Any]) -> Iterator[tuple[str, Any, list[str]]]:
    """The answer to each caller, and what of a neighbour is in it."""
    for who, client in world.clients.items():
        with undone():
            answer = kept(call(client))
        yield who, answer, world.secrets.leaked(answer, to_operator=who == "operator")


def test_no_address_is_left_out() -> None:
    every = dict(routes(get_resolver().url_patterns))
    published = {f"{method.upper()} {path}" for path, at in DOCUMENT["paths"].items() for method in at}

    assert published == NEEDS.keys() | OPEN.keys()
    assert {address for address, view in every.items() if not is_operation(view) and not is_page(address)} == {*PLAIN}
    assert sum(is_operation(view) for view in every.values()) >= len(DOCUMENT["paths"])


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_is_open_to_all_tells_nothing_of_a_neighbour(name: str, world: World) -> None:
    method, path = name.split(" ")
    body = OPEN[name] | {"password": PASSWORD + "!", "organization": "riverside"}
    wrong = []

    for said in ({}, OPEN[name], body):
        sent = {"data": said, "content_type": "application/json"}
        for who, answer, leaked in everybody_asks(world, lambda client: getattr(client, method.lower())(path, **sent)):  # noqa: B023
            own = {"riverside", CLEAR} if said else set()
            if answer.status_code >= 500 or set(leaked) - own:
                wrong.append((who, answer.status_code, leaked))

    assert wrong == []


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not matter for how long events and jobs wait that other tests left."""
    monkeypatch.setattr(health, "LONGEST_WAIT_FOR_THE_SEALER", timedelta.max)
    monkeypatch.setattr(health, "LONGEST_WAIT_FOR_A_WORKER", timedelta.max)


@pytest.mark.parametrize("address", sorted(PLAIN))
def test_what_is_no_operation_is_the_same_for_everybody(address: str, world: World, ready: None) -> None:
    answers = [world.clients[who].get(f"/{address}") for who in ("anonymous", "ADMIN", "operator")]

    assert {(answer.status_code, *world.secrets.leaked(answer)) for answer in answers} == {(PLAIN[address],)}


@pytest.mark.parametrize("name", sorted(FILTERED))
def test_a_filter_by_what_is_next_door_finds_what_a_filter_by_nothing_finds(name: str, world: World) -> None:
    wrong = []
    theirs = [world.things[thing, Whose.NEXT_DOOR] for thing in Thing if (thing, Whose.NEXT_DOOR) in world.things]
    theirs += [world.riverside.patient_id, world.riverside.doctor_id]

    for who in [who for who, caller in world.callers.items() if scope_of(caller, *NEEDS[name]) is not Scope.NONE]:
        for each in FILTERED[name]:
            ids = "uuid" in str(each["schema"])
            nothing = plainly(asked(world, name, who, {each["name"]: str(new_id()) if ids else "Nobodyhasthis"}))
            for value in map(str, theirs) if ids else (WORD, CLEAR, cursor_of(world, name)):
                answer = asked(world, name, who, {each["name"]: value})
                leaked = world.secrets.leaked(answer, to_operator=who == "operator", but=value)
                own = {CLEAR, WORD}
                same = not ids or name.endswith("/export") or plainly(answer) == nothing  # an export tells of itself
                if not same or answer.status_code not in (200, 401, 403, 404, 422) or set(leaked) - own:
                    wrong.append((who, each["name"], answer.status_code, leaked, same))

    assert wrong == []


def asked(world: World, name: str, who: str, words: dict[str, str]) -> Any:
    with undone():
        return ask(world, name, OPERATIONS[name], who, Whose.MINE, words)


def plainly(answer: Any) -> tuple[int, bytes]:
    return answer.status_code, answer.getvalue()


def cursor_of(world: World, name: str) -> str:
    """Where a page of the same list ended next door."""
    client = world.riverside.client(next(iter(world.riverside.tokens)))
    if "{" in name:
        return CLEAR
    answer = client.get(name.split(" ")[1], {"limit": "1"})
    is_list = answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/json")
    return str((answer.json() if is_list else {}).get("next") or CLEAR)


@pytest.mark.parametrize("means", ["header", "cookie"])
def test_a_part_of_a_file_is_for_whom_the_whole_is(means: str, world: World) -> None:
    world.call_by(means)
    may = {who for who, caller in world.callers.items() if scope_of(caller, "attachments", "read") is not Scope.NONE}
    all_of_them = {who for who in may if scope_of(world.callers[who], "attachments", "read") is Scope.ORGANIZATION}
    given: dict[tuple[str, Whose], int] = {}
    missing = set()

    for whose in Whose:
        path = f"/api/attachments/{world.thing(Thing.ATTACHMENT, whose, 'ADMIN')}"
        for part in ("bytes=0-3", "bytes=-4", "bytes=2-"):
            for who, answer, leaked in everybody_asks(world, lambda client: client.get(path, headers={"range": part})):  # noqa: B023
                assert leaked == []
                given[who, whose] = answer.status_code
                if answer.status_code == 404:
                    missing.add(whole(answer))

    assert {key for key, status in given.items() if status == 206} == {
        *((who, Whose.MINE) for who in may), *((who, Whose.ANOTHERS) for who in all_of_them)
    }  # fmt: skip
    assert len(missing) == 1


def test_a_link_opens_for_whom_it_was_made_and_nothing_else(world: World) -> None:
    path = f"/api/attachments/{world.things[Thing.ATTACHMENT, Whose.MINE]}"
    other = f"/api/attachments/{world.things[Thing.ATTACHMENT, Whose.ANOTHERS]}"
    link = world.clients["ADMIN"].post(f"{path}/link").json()["link"]["url"]
    seal = link.partition("?")[2]
    world.clients["next door"] = world.riverside.client(next(iter(world.riverside.tokens)))

    opened = {who: answer.status_code for who, answer, _ in everybody_asks(world, lambda client: client.get(link))}
    elsewhere = {
        answer.status_code
        for address in (other, f"{path}/link", "/api/patients", f"/api/patients/{world.hilltop.patient_id}")
        for answer in [Client().get(f"{address}?{seal}")]
    }

    assert {who for who, status in opened.items() if status == 200} == {"anonymous", "ADMIN"}
    assert elsewhere <= {401, 404, 405}


def test_a_method_that_an_address_has_not_is_refused_to_everybody(world: World) -> None:
    wrong = []

    for path, at in DOCUMENT["paths"].items():
        address = path.replace("{version}", "1")
        for thing in Thing:
            address = address.replace(f"{{{thing.name.lower()}_id}}", str(world.things.get((thing, Whose.NEXT_DOOR))))
        while "{" in address:
            address = address[: address.index("{")] + str(UUID(int=7)) + address[address.index("}") + 1 :]
        for method in [method for method in METHODS if method not in at]:
            for who in ("anonymous", "ADMIN", "operator"):
                with undone():
                    answer = world.clients[who].generic(method.upper(), address)
                if answer.status_code != 405 or world.secrets.leaked(answer, to_operator=who == "operator"):
                    wrong.append((who, method, path, answer.status_code))

    assert wrong == []
