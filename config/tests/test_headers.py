"""Every answer, of whatever kind and whoever made it, tells browsers to do nothing with it that was not meant."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from chiron.files.tests.factories import PNG
from chiron.identity.public import Role
from chiron.kernel.headers import BARE, PAGE, USUAL
from tests.serving import serving
from tests.town import Clinic

FRONT_END = "https://app.example.org"
JSON = "application/json"


def attachment(clinic: Clinic) -> str:
    """The address of a new file."""
    admin, note = clinic.client(Role.ADMIN), {"record_type": "NOTE", "title": "Cough"}
    body = note | {"patient_id": str(clinic.patient_id)}
    record = admin.post("/api/records", body, content_type=JSON).json()["record"]
    sent = {"file": SimpleUploadedFile("a.png", PNG)}
    kept = admin.post(f"/api/records/{record['id']}/attachments", sent).json()["attachment"]
    return f"/api/attachments/{kept['id']}"


def broken(clinic: Clinic) -> Any:
    """A bug around an operation."""
    client = clinic.client(Role.ADMIN)
    client.raise_request_exception = False
    with pytest.MonkeyPatch.context() as patched:
        patched.delattr("config.operation.inside")
        return client.get("/api/patients")


def unavailable(clinic: Clinic) -> Any:
    """No database."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("config.operation.inside", out_of_reach)
        return clinic.client(Role.ADMIN).get("/api/patients")


def out_of_reach(*_: Any) -> Any:
    raise OperationalError


def preflight(clinic: Clinic, origin: str = FRONT_END) -> Any:
    """What a browser asks before a front end of another origin may call."""
    asked = {"access-control-request-method": "PUT", "access-control-request-headers": "x-csrf-token"}
    return Client(headers={"origin": origin} | asked).options("/api/users/me")


def in_bytes(clinic: Clinic, method: str, path: str, **extra: Any) -> Any:
    return clinic.client(Role.ADMIN).generic(method, path, **extra)


ANSWERS: dict[str, tuple[int, Callable[[Clinic], Any]]] = {
    "an answer with data": (200, lambda clinic: clinic.client(Role.ADMIN).get("/api/patients")),
    "of a sign-in": (422, lambda clinic: Client().post("/api/auth/login", {}, content_type=JSON)),
    "not signed in": (401, lambda clinic: Client().get("/api/patients")),
    "not permitted": (403, lambda clinic: clinic.client(Role.PATIENT).get("/api/memberships")),
    "nothing there": (404, lambda clinic: Client().get("/api/nothing")),
    "nowhere": (404, lambda clinic: Client().get("/nowhere")),
    "another method": (405, lambda clinic: Client().put("/api/patients")),
    "a foreign host": (400, lambda clinic: Client(headers={"host": "evil.example"}).get("/api/docs")),
    "a broken body": (400, lambda clinic: in_bytes(clinic, "POST", "/api/patients", data=b"{", content_type=JSON)),
    "a body in chunks": (411, lambda clinic: in_bytes(clinic, "POST", "/api/labs", HTTP_TRANSFER_ENCODING="chunked")),
    "a body too large": (413, lambda clinic: in_bytes(clinic, "POST", "/api/labs", data=b" " * 3 * 2**20)),
    "another media type": (415, lambda clinic: in_bytes(clinic, "POST", "/api/labs", data=b"<a/>")),
    "an invalid body": (422, lambda clinic: clinic.client(Role.ADMIN).post("/api/labs", {}, content_type=JSON)),
    "a bug": (500, broken),
    "a dead database": (503, unavailable),
    "a file": (200, lambda clinic: clinic.client(Role.ADMIN).get(attachment(clinic))),
    "part of a file": (
        206, lambda clinic: clinic.client(Role.ADMIN).get(attachment(clinic), headers={"range": "bytes=0-1"})
    ),
    "no part of a file": (
        416, lambda clinic: clinic.client(Role.ADMIN).get(attachment(clinic), headers={"range": "bytes=9999-"})
    ),
    "the first address": (302, lambda clinic: Client().get("/")),
    "the documentation": (200, lambda clinic: Client().get("/api/docs")),
    "the OpenAPI document": (200, lambda clinic: Client().get("/api/openapi.json")),
    "health": (200, lambda clinic: Client().get("/health/live")),
    "the keys": (200, lambda clinic: Client().get("/.well-known/jwks.json")),
    "a stylesheet": (200, lambda clinic: Client().get("/static/chiron/admin.css")),
    "no stylesheet": (404, lambda clinic: Client().get("/static/chiron/nothing.css")),
    "the door of the administration": (200, lambda clinic: Client().get("/admin/login/")),
    "the administration": (200, lambda clinic: clinic.desk(Role.ADMIN).get("/admin/")),
    "a page that is not there": (404, lambda clinic: clinic.desk(Role.ADMIN).get("/admin/nothing/")),
    "a form without its token": (
        403, lambda clinic: Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a"})
    ),
    "a preflight": (200, preflight),
}  # fmt: skip
PAGES = {"the documentation", "the OpenAPI document"}
ADMINISTRATION = {
    "the door of the administration", "the administration", "a page that is not there", "a form without its token"
}  # fmt: skip
FILES = {"a file", "part of a file"}
CACHED = {"the keys": "public, max-age=300", "a stylesheet": "max-age=60, public"}


@pytest.fixture
def every(hilltop: Clinic, settings: Any) -> dict[str, Any]:
    """One answer of each kind, as over https behind a proxy in production, with a front end of another origin."""
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True
    settings.CORS_ALLOWED_ORIGINS = [FRONT_END]
    own = [each for each in settings.MIDDLEWARE if "cors" not in each]
    settings.MIDDLEWARE = [*own[:2], "corsheaders.middleware.CorsMiddleware", *own[2:]]
    settings.SECURE_PROXY_SSL_HEADER = ("REMOTE_ADDR", "127.0.0.1")
    answers = {kind: closed(ask(hilltop)) for kind, (_, ask) in ANSWERS.items()}
    assert {kind: answer.status_code for kind, answer in answers.items()} == {
        kind: status for kind, (status, _) in ANSWERS.items()
    }
    return answers


def closed(answer: Any) -> Any:
    """The answer, its file read and closed."""
    if answer.streaming:
        answer.getvalue()
    for close in answer._resource_closers:
        close()
    return answer


def header(answers: dict[str, Any], name: str) -> dict[str, str | None]:
    return {kind: answer.headers.get(name) for kind, answer in answers.items()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", USUAL["Permissions-Policy"]),
        ("Server", "chiron"),  # or the server writes its own name
        ("X-Powered-By", None),
    ],
)
def test_a_header_is_the_same_on_every_answer(name: str, value: str | None, every: dict[str, Any]) -> None:
    assert header(every, name) == dict.fromkeys(ANSWERS, value)


def test_no_answer_lets_a_page_run_what_we_did_not_ship(every: dict[str, Any]) -> None:
    policies = header(every, "Content-Security-Policy")

    assert {kind for kind, policy in policies.items() if policy == PAGE} == PAGES
    assert {kind for kind, policy in policies.items() if policy == "sandbox; default-src 'none'"} == FILES
    others = policies.keys() - PAGES - ADMINISTRATION - FILES
    assert {policies[kind] for kind in others} == {
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }
    assert {kind for kind, policy in policies.items() if "unsafe" in str(policy)} == ADMINISTRATION
    assert {policies[kind] for kind in ADMINISTRATION} == {
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'"
    }


def test_no_answer_with_data_is_kept_on_the_way(every: dict[str, Any]) -> None:
    told = header(every, "Cache-Control")

    assert {kind: value for kind, value in told.items() if "no-store" not in str(value)} == CACHED


def test_only_a_named_front_end_may_read_answers(every: dict[str, Any], hilltop: Clinic) -> None:
    named, stranger = ({"origin": origin} for origin in (FRONT_END, "https://evil.example"))

    for path in ("/api/patients", "/api/nothing", "/static/chiron/admin.css", "/admin/login/"):
        answers = [closed(Client().get(path, headers=origin)) for origin in (named, stranger)]
        allowed = FRONT_END if path.startswith("/api/") else None
        assert [each.headers.get("Access-Control-Allow-Origin") for each in answers] == [allowed, None], path
    assert every["a preflight"].headers["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Allow-Origin" not in preflight(hilltop, "https://evil.example").headers


def test_the_cookies_of_the_administration_are_read_by_no_script(every: dict[str, Any], hilltop: Clinic) -> None:
    browser = hilltop.desk(Role.ADMIN)

    assert set(browser.cookies) == {"chiron-admin", "chiron-admin-csrf"}
    for cookie in browser.cookies.values():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")


def test_served_for_real_the_server_says_nothing_of_itself(django_db_setup: None) -> None:
    with serving() as server:
        answers = [server.call("GET", path) for path in ("/api/patients", "/static/chiron/admin.css", "/nowhere")]
        told = [dict(answer.getheaders()) for answer in answers]

    assert [{name.title() for name in BARE} - {name.title() for name in each} for each in told] == [set()] * 3
    assert [each["server"] for each in told] == ["chiron"] * 3
