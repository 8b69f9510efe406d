"""Signing in from a page: tokens in cookies that its scripts cannot read."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from chiron.identity.cookies import csrf_token
from chiron.identity.models import Account, Membership, Session
from chiron.identity.public import Role
from chiron.identity.tests.factories import PASSWORD, new_member, problem
from chiron.identity.tokens import verified

PAGE = {"origin": "https://testserver", "x-auth-mode": "cookie"}


@pytest.fixture
def member(hilltop: Any) -> Membership:
    return new_member(hilltop.id, Role.RECEPTIONIST, username="ama.owusu", email="ama@example.org")


@pytest.fixture
def browser(member: Membership) -> Client:
    """A browser with our page open, over https."""
    return Client(headers={"origin": "https://testserver"})


def send(browser: Client, method: str, path: str, body: Any = None, *, secure: bool = True, **headers: str) -> Any:
    sent = {"data": "" if body is None else body, "content_type": "application/json"} if method != "get" else {}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return getattr(browser, method)(f"/api{path}", secure=secure, headers=named, **sent)


def sign_in(browser: Client, **more: Any) -> Any:
    body = {"username": "ama.owusu", "password": PASSWORD}
    return send(browser, "post", "/auth/login", body, **({"x_auth_mode": "cookie"} | more))


def test_a_page_gets_its_tokens_in_cookies_and_none_in_the_body(browser: Client, member: Membership) -> None:
    answer = sign_in(browser)

    session = Session.objects.get(account=member.account)
    assert answer.status_code == 200
    assert set(answer.json()) == {"csrf_token", "user"}
    assert answer.json()["csrf_token"] == csrf_token(session.id)
    assert {name: dict(cookie) | {"expires": ""} for name, cookie in answer.cookies.items()} == {
        name: {
            "path": "/", "secure": True, "httponly": True, "samesite": "Strict", "domain": "", "comment": "",
            "version": "", "expires": "", "max-age": seconds,
        }
        for name, seconds in (
            ("__Host-chiron-access", 300),
            ("__Host-chiron-refresh", 14 * 86_400),
            ("__Host-chiron-device", 365 * 86_400),
        )
    }  # fmt: skip
    assert verified(answer.cookies["__Host-chiron-access"].value).caller.account_id == member.account_id


def test_over_plain_http_in_development_the_names_are_plain(browser: Client) -> None:
    browser.defaults["HTTP_ORIGIN"] = "http://testserver"

    answer = sign_in(browser, secure=False)

    assert {name: cookie["secure"] for name, cookie in answer.cookies.items()} == {
        "chiron-access": "",
        "chiron-refresh": "",
        "chiron-device": "",
    }


def test_production_gives_no_cookie_that_plain_http_would_keep(browser: Client, settings: Any) -> None:
    settings.COOKIES_OVER_HTTP = False
    browser.defaults["HTTP_ORIGIN"] = "http://testserver"

    answer = sign_in(browser, secure=False)

    assert {name: cookie["secure"] for name, cookie in answer.cookies.items()} == {
        "__Host-chiron-access": True,
        "__Host-chiron-refresh": True,
        "__Host-chiron-device": True,
    }


def test_a_reading_call_needs_the_cookie_only(browser: Client) -> None:
    sign_in(browser)

    answer = send(browser, "get", "/users/me", origin="https://evil.example")

    assert answer.json()["user"]["username"] == "ama.owusu"


def test_a_change_needs_the_token_that_the_page_was_given(browser: Client, member: Membership) -> None:
    token = sign_in(browser).json()["csrf_token"]

    said = {"email": "new@example.org", "password": PASSWORD}

    refused = send(browser, "put", "/users/me", said)
    done = send(browser, "put", "/users/me", said, x_csrf_token=token)

    assert problem(refused) == (403, "cross-site")
    assert done.json()["user"]["email"] == "new@example.org"


def test_a_page_that_was_reloaded_asks_for_its_token_again(browser: Client) -> None:
    token = sign_in(browser).json()["csrf_token"]

    assert send(browser, "get", "/auth/csrf").json() == {"csrf_token": token}


def test_refreshing_renews_both_cookies_and_gives_the_token_again(browser: Client, member: Membership) -> None:
    first = sign_in(browser)

    answer = send(browser, "post", "/auth/refresh", x_auth_mode="cookie")

    assert answer.status_code == 200
    assert answer.json() == first.json()
    for name in ("__Host-chiron-access", "__Host-chiron-refresh"):
        assert answer.cookies[name].value != first.cookies[name].value
    assert send(browser, "get", "/users/me").status_code == 200


def test_refreshing_without_the_cookie_mode_needs_a_token_in_the_body(browser: Client) -> None:
    sign_in(browser)

    answer = send(browser, "post", "/auth/refresh")

    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"] == [{"loc": ["body", "refresh"], "msg": "is required"}]


def test_a_used_refresh_cookie_ends_the_session(browser: Client, member: Membership) -> None:
    used = sign_in(browser).cookies["__Host-chiron-refresh"].value
    send(browser, "post", "/auth/refresh", x_auth_mode="cookie")
    Session.objects.filter(account=member.account).update(
        rotated_at=Session.objects.get(account=member.account).created_at - timedelta(minutes=1)
    )
    browser.cookies["__Host-chiron-refresh"] = used

    answer = send(browser, "post", "/auth/refresh", x_auth_mode="cookie")

    assert problem(answer) == (401, "refresh-refused")
    assert problem(send(browser, "get", "/users/me")) == (401, "not-signed-in")


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/logout-all"])
def test_signing_out_ends_the_session_and_takes_the_cookies_away(
    path: str, browser: Client, member: Membership
) -> None:
    token = sign_in(browser).json()["csrf_token"]

    answer = send(browser, "post", path, x_csrf_token=token)

    assert answer.status_code == 204
    assert {name: (cookie.value, cookie["max-age"]) for name, cookie in answer.cookies.items()} == {
        "__Host-chiron-access": ("", 0),
        "__Host-chiron-refresh": ("", 0),
    }
    assert Session.objects.get(account=member.account).revoked_at is not None


def test_registering_from_a_page_signs_in_with_cookies(browser: Client, hilltop: Any) -> None:
    body = {
        "username": "efua", "email": "efua@example.org", "password": PASSWORD, "role": "PATIENT",
        "organization": "hilltop", "first_name": "Efua", "last_name": "Yeboah", "birth_date": "1980",
    }  # fmt: skip

    answer = send(browser, "post", "/auth/register", body, x_auth_mode="cookie")

    assert answer.status_code == 201
    assert set(answer.json()) == {"csrf_token", "user"}
    assert send(browser, "get", "/users/me").json()["user"]["username"] == "efua"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://testserver", "https://testserver:444"])
@pytest.mark.parametrize("path", ["/auth/login", "/auth/register", "/auth/refresh"])
def test_another_site_gets_no_cookies_set(path: str, origin: str, browser: Client, member: Membership) -> None:
    sign_in(browser)
    sessions, accounts = Session.objects.count(), Account.objects.count()
    counter = Session.objects.get(account=member.account).counter
    bodies = {
        "/auth/login": {"username": "ama.owusu", "password": PASSWORD},
        "/auth/register": {"username": "efua", "email": "e@example.org", "password": PASSWORD, "role": "PATIENT"},
    }

    answer = send(browser, "post", path, bodies.get(path), origin=origin, x_auth_mode="cookie")

    assert problem(answer) == (403, "cross-site")
    assert not answer.cookies
    assert (Session.objects.count(), Account.objects.count()) == (sessions, accounts)
    assert Session.objects.get(account=member.account).counter == counter


def test_a_mode_that_does_not_exist_is_refused(browser: Client) -> None:
    assert problem(sign_in(browser, x_auth_mode="cookies")) == (400, "malformed")
    assert not Session.objects.exists() or not browser.cookies


def test_a_front_end_of_another_origin_that_is_named_may_sign_in(browser: Client, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.testserver"]

    assert sign_in(browser, origin="https://app.testserver").status_code == 200
    assert problem(sign_in(browser, origin="https://app2.testserver")) == (403, "cross-site")


def test_the_header_wins_over_the_cookie(browser: Client, hilltop: Any) -> None:
    sign_in(browser)

    assert send(browser, "get", "/users/me", authorization="Bearer nonsense").status_code == 401
    assert send(browser, "get", "/users/me", authorization="Basic nonsense").status_code == 401
    other = hilltop.tokens[Role.LAB]
    assert send(browser, "get", "/users/me", authorization=f"Bearer {other}").json()["user"]["roles"] == ["LAB"]


def test_a_refresh_token_is_no_access_token(browser: Client) -> None:
    refresh = sign_in(browser).cookies["__Host-chiron-refresh"].value
    browser.cookies["__Host-chiron-access"] = refresh

    assert problem(send(browser, "get", "/users/me")) == (401, "not-signed-in")


def test_a_plain_cookie_is_not_read_over_https(browser: Client) -> None:
    """A subdomain or plain http could have put it there."""
    access = sign_in(browser).cookies["__Host-chiron-access"].value
    stranger = Client()
    stranger.cookies["chiron-access"] = access

    assert problem(send(stranger, "get", "/users/me")) == (401, "not-signed-in")


def test_a_named_front_end_may_call_with_cookies_from_its_browser(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
    asked = {"access-control-request-method": "PUT", "access-control-request-headers": "x-csrf-token"}

    ours, other = (
        Client(headers={"origin": origin} | asked).options("/api/users/me")
        for origin in ("https://app.example.org", "https://evil.example")
    )

    assert ours.headers["access-control-allow-origin"] == "https://app.example.org"
    assert ours.headers["access-control-allow-credentials"] == "true"
    assert "x-csrf-token" in ours.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in other.headers
