"""The clinical API on port 8000 and the auth service on 8001, as processes of their own: one system all the same."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chiron.identity.public import Role
from chiron.identity.tests.factories import PASSWORD, claims, header, jws, new_member, signed_in
from tests.apart import auth_service
from tests.serving import Serving, serving
from tests.town import Clinic
from tests.waiting import until

JSON = {"Content-Type": "application/json"}
Pair = tuple[Serving, Serving]
LONGEST = 5
"""Seconds within which the answer is 503 where nobody can be known."""


@pytest.fixture(scope="module")
def pair(django_db_setup: None) -> Iterator[Pair]:
    """The auth service, and the clinical API that relies on it."""
    with auth_service() as identity, serving(AUTH_SERVICE_URL=f"http://127.0.0.1:{identity.port}") as clinical:
        yield identity, clinical


def post(server: Serving, path: str, body: Any, token: str = "") -> tuple[int, Any]:
    answer = server.call("POST", path, token, json.dumps(body), JSON)
    content = answer.read()
    return answer.status, json.loads(content) if content else None


def status(server: Serving, path: str, token: str = "") -> int:
    answer = server.call("GET", path, token)
    answer.read()
    return int(answer.status)


def test_who_signs_in_at_the_one_reads_at_the_other_until_they_sign_out(pair: Pair, lakeside: Clinic) -> None:
    identity, clinical = pair
    member = new_member(lakeside.id, Role.RECEPTIONIST)

    said = {"username": member.account.username, "password": PASSWORD, "organization": lakeside.organization.slug}
    signed = post(identity, "/api/auth/login", said)[1]
    assert status(clinical, "/api/patients", signed["access"]) == 200
    assert post(clinical, "/api/patients", {"family": "Adjei", "given": ["Abena"]}, signed["access"])[0] == 201
    assert post(identity, "/auth/validate", {"token": signed["access"]})[1]["valid"] is True

    assert post(identity, "/api/auth/logout", None, signed["access"])[0] == 204
    left = time.monotonic()
    until(lambda: status(clinical, "/api/patients", signed["access"]) == 401, seconds=5)
    assert time.monotonic() - left < 1.5
    assert post(identity, "/auth/validate", {"token": signed["access"]})[1] == {
        "valid": False,
        "reason": "not-signed-in",
    }


def test_neither_serves_what_is_the_others(pair: Pair, lakeside: Clinic) -> None:
    identity, clinical = pair
    token = lakeside.tokens[Role.ADMIN]

    for path in ("/api/patients", "/api/records", "/api/audit", "/api/docs", "/api/openapi.json", "/admin/", "/api"):
        assert (path, status(identity, path, token)) == (path, 404)
    for path in ("/api/users/me", "/api/memberships", "/api/organizations", "/.well-known/jwks.json", "/admin/"):
        assert (path, status(clinical, path, token)) == (path, 404)
    for path in ("/api/auth/login", "/auth/validate", "/auth/authorize"):
        assert (path, post(clinical, path, {}, token)[0]) == (path, 404)
    assert status(clinical, "/auth/revocations", token) == 404


def test_the_auth_service_answers_without_any_database_but_accounts(pair: Pair, lakeside: Clinic) -> None:
    identity, _ = pair
    token = lakeside.tokens[Role.ADMIN]

    assert [status(identity, path) for path in ("/health", "/health/ready", "/.well-known/jwks.json")] == [200] * 3
    paths = ("/api/users/me", "/api/memberships", "/api/organizations", "/api/auth/sessions")
    assert [status(identity, path, token) for path in paths] == [200] * 4
    question = {"resource": "patients", "action": "read"}
    assert post(identity, "/auth/authorize", question, token) == (200, {"authorized": True})
    denied = signed_in(new_member(lakeside.id, Role.LAB)).access
    assert status(identity, "/api/memberships", denied) == 403


def test_what_reaches_into_an_organization_says_so_and_changes_nothing(pair: Pair, lakeside: Clinic) -> None:
    identity, _ = pair
    about = {"username": "esi.boateng", "email": "esi@example.org", "password": "six brave otters", "role": "PATIENT"}
    registration = about | {"organization": lakeside.organization.slug}

    assert post(identity, "/api/auth/register", registration)[0] == 503
    assert post(identity, "/api/auth/register", registration)[0] == 503  # not 409: the name is still free
    asked = {"resource": "patients", "action": "read", "id": str(lakeside.id)}
    assert post(identity, "/auth/authorize", asked, lakeside.tokens[Role.ADMIN])[0] == 503


def test_only_our_own_processes_are_told_what_was_taken_back(pair: Pair, lakeside: Clinic) -> None:
    identity, _ = pair

    for token in ("", lakeside.tokens[Role.ADMIN]):
        assert status(identity, "/auth/revocations", token) == 401


def test_a_forged_token_opens_nothing_there_either(pair: Pair) -> None:
    _, clinical = pair
    thief = Ed25519PrivateKey.generate()

    forged = [jws(said, claims(), thief) for said in (header(), header(kid="somebody"), header(typ="JWT"))]

    assert [status(clinical, "/api/patients", token) for token in forged] == [401] * 3


def test_without_the_auth_service_nobody_is_let_in_and_it_recovers_by_itself(
    lakeside: Clinic, shown: Callable[[str, str], None]
) -> None:
    token, waits = lakeside.tokens[Role.ADMIN], list[float]()
    with ExitStack() as running:
        identity = running.enter_context(auth_service())
        url = f"http://127.0.0.1:{identity.port}"
        clinical = running.enter_context(serving(AUTH_SERVICE_URL=url))
        assert status(clinical, "/api/patients", token) == 200

        os.killpg(identity.process.pid, signal.SIGSTOP)  # it hangs
        until(lambda: status(clinical, "/api/patients", token) == 503, seconds=10)
        waits += refused(clinical, token)
        os.killpg(identity.process.pid, signal.SIGCONT)
        until(lambda: status(clinical, "/api/patients", token) == 200, seconds=10)

        identity.kill()
        until(lambda: status(clinical, "/api/patients", token) == 503, seconds=10)
        waits += refused(clinical, token)
        assert status(clinical, "/health") == 503
        running.enter_context(auth_service("--port", str(identity.port)))
        until(lambda: status(clinical, "/api/patients", token) == 200, seconds=10)
        assert status(clinical, "/health") == 200
    assert max(waits) < LONGEST
    shown(
        "R7",
        f"the auth service hung, then killed: {len(waits)} calls answered 503 within {max(waits):.1f} s, none let in;"
        " once it is back, let in without a restart",
    )


def refused(clinical: Serving, token: str) -> list[float]:
    """Eight callers at once are told to try later; how many seconds each waited for that."""

    def ask(_: int) -> float:
        asked = time.monotonic()
        answer = clinical.call("GET", "/api/patients", token)
        answer.read()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        return time.monotonic() - asked

    with ThreadPoolExecutor(8) as callers:
        return list(callers.map(ask, range(8)))
