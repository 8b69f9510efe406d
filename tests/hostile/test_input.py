"""No input makes a 5xx, and none comes back in an answer: over every operation there is (promise F1)."""

import re
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from chiron.identity.policy import scope_of
from chiron.identity.public import Role
from config.api import api
from tests.hostile.values import DEEP, MARK, STRANGE_TEXTS, UNREADABLE, WRONG_SHAPES, is_problem, wrong_bodies
from tests.matrix.operations import METRIC, OPERATIONS
from tests.matrix.operations import sent as as_sent
from tests.matrix.test_access import NEEDS, sampled
from tests.matrix.world import Thing, Whose, World, undone

OPEN = {
    "POST /api/auth/register": {"username": "esi", "email": "e@example.org", "password": "seven tired donkeys",
                                "role": "PATIENT", "first_name": "Esi", "last_name": "Badu", "birth_date": "1980",
                                "organization": "hilltop"},
    "POST /api/auth/login": {"username": "esi", "password": "seven tired donkeys", "organization": "hilltop"},
    "POST /api/auth/refresh": {"refresh": "abc"},
}  # fmt: skip
EVERY = sorted([*NEEDS, *OPEN])
DOCUMENT = api.get_openapi_schema()
CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IDEMPOTENCY_KEY")
HEADERS = ("HTTP_X_ORGANIZATION", "HTTP_X_REQUEST_ID", "HTTP_AUTHORIZATION", "HTTP_ACCEPT", "HTTP_COOKIE")
"""What is read before any operation is reached, and so for all alike."""
STRANGE_HEADERS = (
    "\x00", "\xff", MARK, "9" * 400, '"' + "9" * 40 + '"', "W/", "[" * 2000, "\ud800", "a" * 9000,
)  # fmt: skip


def client_for(world: World, name: str) -> Client:
    """Somebody who may."""
    if name in OPEN:
        return world.clients["anonymous"]
    may = (who for who, caller in world.callers.items() if scope_of(caller, *NEEDS[name]))
    return world.clients[next(may)]


def fitting(world: World, name: str) -> tuple[str, str, dict[str, Any] | None]:
    """Method, path and body of a call that fits."""
    method, path = name.split(" ")
    if name in OPEN:
        return method.lower(), path, OPEN[name]
    operation = OPERATIONS[name]
    thing_id: UUID = world.thing(operation.thing or Thing.PATIENT, Whose.MINE, "ADMIN")
    path = re.sub(r"\{\w+\}", str(thing_id), path.replace("{version}", "1").replace("{metric}", METRIC))
    return method.lower(), path, operation.body(world, thing_id) if operation.body else None


def wrong(answer: Any) -> bool:
    """Whether an answer is one that no input may cause."""
    if answer.status_code >= 500 or answer.status_code >= 400 and MARK.encode() in answer.content:
        return True
    return answer.status_code >= 400 and not is_problem(answer)


@pytest.mark.parametrize("name", EVERY)
def test_no_body_makes_a_5xx_or_comes_back(name: str, world: World) -> None:
    method, path, body = fitting(world, name)
    wrong_members = {} if body is None or "file" in body else body
    sent = [*UNREADABLE.items(), *WRONG_SHAPES.items(), *wrong_bodies(wrong_members)]
    found = {}

    for kind, content in sent:
        with undone():
            answer = client_for(world, name).generic(method.upper(), path, content, "application/json")
        refused = answer.status_code in (400, 415, 422)
        if wrong(answer) or (body and kind in UNREADABLE | WRONG_SHAPES and not refused and not may_be(name, kind)):
            found[kind] = answer.status_code

    assert found == {}


def may_be(name: str, kind: str) -> bool:
    """Whether such a body is one that the operation can do without."""
    method, path = name.split(" ")
    return kind in ("nothing", "null") and not DOCUMENT["paths"][path][method.lower()]["requestBody"].get("required")


@pytest.mark.parametrize("name", EVERY)
def test_no_query_path_or_condition_makes_a_5xx_or_comes_back(name: str, world: World) -> None:
    method, path, _ = fitting(world, name)
    parameters = DOCUMENT["paths"][name.split(" ")[1]][method].get("parameters", [])
    queries = [each["name"] for each in parameters if each["in"] == "query"] + ["unknown"]
    texts = [quote(text.encode("utf-8", "surrogatepass")) for text in STRANGE_TEXTS.values() if len(text) < 5000]
    texts += ["%FF%FE", "%00", "9" * 400, "NaN", "-1", "1e999", "[" * 2000, MARK]
    calls: list[tuple[str, dict[str, str]]] = [(f"{path}?{query}={text}", {}) for query in queries for text in texts]
    calls += [(re.sub(r"[0-9a-f-]{36}", text, path), {}) for text in texts]
    calls += [(path, {header: text}) for header in CONDITIONS for text in STRANGE_HEADERS]

    assert wrongly_answered(world, name, calls) == {}


@pytest.mark.parametrize("name", [*sampled(), *OPEN])
def test_no_header_makes_a_5xx_or_comes_back(name: str, world: World) -> None:
    _, path, _ = fitting(world, name)

    found = wrongly_answered(world, name, [(path, {header: text}) for header in HEADERS for text in STRANGE_HEADERS])

    assert found == {}


def wrongly_answered(world: World, name: str, calls: list[tuple[str, dict[str, str]]]) -> dict[tuple[str, str], int]:
    """Calls of an operation at these addresses and with these headers, that got what no input may cause."""
    method, _, body = fitting(world, name)
    client, found = client_for(world, name), {}
    for target, extra in calls:
        with undone():
            answer = getattr(client, method)(target, **as_sent(body), **extra)
        if wrong(answer):
            found[target[-60:], str(extra)[:60]] = answer.status_code
    return found


@pytest.mark.parametrize("name", EVERY)
def test_both_slash_forms_answer_alike_and_other_methods_are_refused(name: str, world: World) -> None:
    method, path, body = fitting(world, name)
    client = client_for(world, name)

    answers = []
    for form in (path, f"{path}/"):
        with undone():
            answers.append(getattr(client, method)(form, **as_sent(body)).status_code)
    refused = client.generic("TRACE", path)

    assert answers[0] == answers[1] < 500
    assert (refused.status_code, refused.json()["type"]) == (405, "/problems/method-not-allowed")
    assert method.upper() in refused.headers["Allow"].split(", ")


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "a/b"])
def test_another_media_type_is_a_415(media_type: str, hilltop: Any) -> None:
    answer = hilltop.client(Role.ADMIN).generic("POST", "/api/patients", b"{}", media_type)

    assert (answer.status_code, is_problem(answer)) == (415, True)


def test_a_body_too_large_is_a_413_by_its_length_alone(hilltop: Any) -> None:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    answer = hilltop.client(Role.ADMIN).generic("POST", "/api/patients", b" " * (limit + 1), "application/json")

    assert (answer.status_code, is_problem(answer)) == (413, True)


@pytest.mark.parametrize("length", ["-1", "abc", "9" * 30, "1 2", "0x10"])
def test_a_length_that_is_none_is_malformed(length: str, client: Client) -> None:
    answer = client.generic("POST", "/api/auth/login", b"{}", "application/json", CONTENT_LENGTH=length)

    assert (answer.status_code, is_problem(answer)) == (400, True)


def test_a_body_in_chunks_is_a_411(hilltop: Any) -> None:
    answer = hilltop.client(Role.ADMIN).generic(
        "POST", "/api/patients", b"{}", "application/json", headers={"transfer-encoding": "chunked"}
    )

    assert (answer.status_code, is_problem(answer)) == (411, True)


@pytest.mark.parametrize("path", ["/api/patients", "/api/docs", "/admin/login/", "/nothing"])
def test_under_a_foreign_name_nothing_is_answered_but_health(path: str, hilltop: Any) -> None:
    client = hilltop.client(Role.ADMIN)

    answer = client.get(path, headers={"host": "evil.example"})

    assert (answer.status_code, is_problem(answer)) == (400, True)
    assert client.get("/health/live", headers={"host": "10.1.2.3"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api", "/nothing", "/api/patients/%00", "/%ED%A0%80", "/" + "a/" * DEEP]
)
def test_an_unknown_address_is_a_problem_or_leads_to_the_documentation(path: str, client: Client) -> None:
    answer = client.get(path)

    assert answer.status_code in (302, 400, 404)
    assert answer.status_code == 302 or is_problem(answer)
