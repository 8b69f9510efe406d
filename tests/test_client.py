"""`chiron/client.py`: a small service of somebody else relies on Chiron's sign-in."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from chiron import client
from chiron.client import AuthService, NotPermitted, NotSignedIn, Unreachable, User, get_current_user, require_auth
from chiron.identity.public import Role
from chiron.identity.services.sign_in import sign_out
from chiron.identity.tests.factories import claims, header, jws, new_member, signed_in
from chiron.identity.tokens import verified
from chiron.kernel.clock import now
from tests.apart import auth_service_of_this_process

pytestmark = pytest.mark.usefixtures("town")


@pytest.fixture
def url(town: Any) -> Iterator[str]:
    with auth_service_of_this_process() as url:
        yield url


@pytest.fixture
def auth(url: str) -> AuthService:
    return AuthService(url)


def greeting(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """The other service: it greets who calls, part by part."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"hello "
    yield get_current_user().id.encode()


async def asgi_greeting(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello " + get_current_user().id.encode()})


def call(application: Any, token: str | None) -> tuple[int, dict[str, str], bytes]:
    """What a WSGI application answers."""
    said: list[Any] = []
    environ = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token is not None else {}
    parts = application(environ, lambda status, headers: said.extend([int(status[:3]), dict(headers)]))
    body = b"".join(parts)
    getattr(parts, "close", lambda: None)()
    return said[0], said[1], body


def call_asgi(application: Any, token: str | None) -> tuple[int, dict[str, str], bytes]:
    """What an ASGI application answers."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {token}".encode())] if token is not None else []
    asyncio.run(application({"type": "http", "headers": headers}, None, send))
    start, body = sent
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body["body"]


FORMS = [(greeting, call), (asgi_greeting, call_asgi)]


@pytest.mark.parametrize(("application", "calling"), FORMS, ids=["WSGI", "ASGI"])
def test_it_greets_who_signed_in_and_may(application: Any, calling: Any, auth: AuthService, hilltop: Any) -> None:
    guarded = require_auth(auth, "patients.read")(application)
    doctor = hilltop.who[Role.DOCTOR]

    assert calling(guarded, hilltop.tokens[Role.DOCTOR])[::2] == (200, f"hello {doctor.account_id}".encode())
    assert calling(guarded, hilltop.tokens[Role.LAB])[0] == 403
    for token in (None, "", "nonsense", jws(header(), claims(), Ed25519PrivateKey.generate())):
        status, headers, body = calling(guarded, token)
        assert (status, {name.lower() for name in headers} >= {"www-authenticate"}) == (401, True)
        assert b"/problems/not-signed-in" in body
    with pytest.raises(LookupError):
        get_current_user()


@pytest.mark.parametrize(("application", "calling"), FORMS, ids=["WSGI", "ASGI"])
def test_without_the_service_nobody_is_let_in(application: Any, calling: Any, hilltop: Any) -> None:
    with auth_service_of_this_process() as url:
        guarded = require_auth(AuthService(url, remember=0))(application)
        assert calling(guarded, hilltop.tokens[Role.DOCTOR])[0] == 200

    status, headers, _ = calling(guarded, hilltop.tokens[Role.DOCTOR])

    assert (status, {name.lower(): value for name, value in headers.items()}["retry-after"]) == (503, "1")


def test_a_user_is_who_the_service_says(auth: AuthService, hilltop: Any) -> None:
    token, doctor = hilltop.tokens[Role.DOCTOR], hilltop.who[Role.DOCTOR]

    user = auth.user_of(f"bearer {token}")

    assert user == User(
        str(doctor.account_id), str(hilltop.id), frozenset({"DOCTOR"}), user.permissions, verified(token).expires_at
    )
    assert {"patients.read", "records.sign"} <= user.permissions


def test_what_was_taken_back_is_refused_within_a_second(auth: AuthService, url: str, hilltop: Any) -> None:
    opened = signed_in(new_member(hilltop.id))
    asks_each_time = AuthService(url, remember=0)
    assert auth.user(opened.access) == asks_each_time.user(opened.access)

    sign_out(by=verified(opened.access).caller, now=now())

    with pytest.raises(NotSignedIn):
        asks_each_time.user(opened.access)
    assert auth.user(opened.access).id == str(verified(opened.access).caller.account_id)


def test_a_yes_is_remembered_for_a_second_and_not_longer(
    auth: AuthService, hilltop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, seconds, fetch = list[str](), [1000.0], client.fetch

    def counted(url: str, *args: Any) -> Any:
        asked.append(url)
        return fetch(url, *args)

    monkeypatch.setattr(client, "fetch", counted)
    monkeypatch.setattr("chiron.client.time.monotonic", lambda: seconds[0])
    for _ in range(100):
        auth.user(hilltop.tokens[Role.DOCTOR])
        seconds[0] += 0.009
    assert len(asked) == 2

    seconds[0] += 0.1
    auth.user(hilltop.tokens[Role.DOCTOR])
    assert len(asked) == 3


def test_a_forged_token_does_not_reach_the_service(auth: AuthService, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotSignedIn):
        auth.user(jws(header(), claims(), Ed25519PrivateKey.generate()))
    monkeypatch.setattr(client, "fetch", lambda *_: pytest.fail("it was asked"))

    for forged in (jws(header(), claims(), Ed25519PrivateKey.generate()), jws(header(typ="JWT"), claims()), "x" * 5000):
        with pytest.raises(NotSignedIn):
            auth.user(forged)


def test_the_policy_can_be_asked(auth: AuthService, hilltop: Any) -> None:
    token = hilltop.tokens[Role.DOCTOR]

    assert auth.may(token, "patients", "read")
    assert not auth.may(token, "memberships", "update")
    assert auth.may(hilltop.tokens[Role.ADMIN], "organizations", "read", str(hilltop.id))
    with pytest.raises(NotSignedIn):
        auth.may("nonsense", "patients", "read")
    with pytest.raises(ValueError, match="cannot be asked"):
        auth.may(token, "departments", "read", str(hilltop.id))


@pytest.mark.parametrize("url", ["", "auth.example", "file:///etc/passwd", "ftp://auth.example"])
def test_a_service_is_named_by_http(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        AuthService(url)


@pytest.mark.parametrize(
    "said", [(200, None), (200, {}), (200, {"valid": True}), (404, None), (200, {"valid": "yes"}), (200, [])]
)
def test_what_is_no_answer_lets_nobody_in(said: Any, auth: AuthService, monkeypatch: pytest.MonkeyPatch) -> None:
    token = jws(header(), claims())
    with pytest.raises(NotPermitted):
        client._user(200, {"valid": False, "reason": "organization-suspended"})

    keys = client.fetch(f"{auth._url}/.well-known/jwks.json")
    monkeypatch.setattr(client, "fetch", lambda url, *_: keys if url.endswith("jwks.json") else said)

    with pytest.raises(Unreachable):
        auth.user(token)


def test_nobody_waits_long_for_a_service_that_hangs(hilltop: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        asked = time.monotonic()
        with pytest.raises(Unreachable):
            AuthService(f"http://127.0.0.1:{silent.getsockname()[1]}", patience=0.2).user(hilltop.tokens[Role.LAB])

    assert time.monotonic() - asked < 2


def test_the_file_works_alone_without_django(tmp_path: Path) -> None:
    (tmp_path / "relying.py").write_text((settings.BASE_DIR / "chiron" / "client.py").read_text())
    code = "import relying, sys; print(relying.AuthService('https://a.example') and 'django' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("False\n", "")
