"""Cookie mode: a browser's tokens in cookies that no script can read, and what keeps other sites from using them.

Whoever signs in with ``X-Auth-Mode: cookie`` gets no token in the body. A browser sends cookies along whoever asks it
to, so every unsafe call by cookie must come from one of our own pages (its Origin) and carry a CSRF token, which is an
HMAC of the session's id and can only be read by those pages. Callers with an Authorization header need neither.
"""

import base64
import hmac
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chiron.identity.errors import CrossSite
from chiron.identity.rules import ACCESS_LIFETIME, SESSION_LIFETIME
from chiron.kernel.errors import Malformed, NotSignedIn

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ACCESS, REFRESH = "chiron-access", "chiron-refresh"
BODY, COOKIE = "bearer", "cookie"


def wants_cookies(request: HttpRequest) -> bool:
    """Whether tokens go into cookies for this sign-in or refresh.

    Raises Malformed for a mode that does not exist, CrossSite unless cookies are asked for by one of our own pages.
    """
    mode = str(request.META.get("HTTP_X_AUTH_MODE", BODY)).strip().lower()
    if mode not in (BODY, COOKIE):
        raise Malformed
    if mode == COOKIE:
        must_be_our_page(request)
    return mode == COOKIE


def came_by_cookie(request: HttpRequest) -> bool:
    """Whether a signed-in caller's token came in a cookie, so that its successor goes there too."""
    return "HTTP_AUTHORIZATION" not in request.META


def access_token_in(request: HttpRequest) -> str:
    """The access token of the browser, or an empty string."""
    return read(request, ACCESS)


def carry(request: HttpRequest, access: str) -> None:
    """Have a request carry that access token in place of its own."""
    request.COOKIES[_name(request, ACCESS)] = access


def refresh_token_in(request: HttpRequest) -> str:
    """The refresh token of the browser, or an empty string."""
    return read(request, REFRESH)


def read(request: HttpRequest, name: str) -> str:
    """Another cookie of ours, or an empty string."""
    return request.COOKIES.get(_name(request, name), "")


def must_be_meant(request: HttpRequest, session_id: UUID | None) -> None:
    """Refuse with CrossSite an unsafe call that another site may have made the browser send."""
    if request.method in SAFE_METHODS:
        return
    must_be_our_page(request)
    sent = request.META.get("HTTP_X_CSRF_TOKEN", "").encode()
    if not hmac.compare_digest(sent, csrf_token(session_id).encode()):
        raise CrossSite


def must_not_be_another_site(request: HttpRequest) -> None:
    """Refuse with CrossSite what comes by cookie from a page of another origin, though it changes nothing.

    Browsers name the origin of a page that is not of the address it asks, and of no other that only reads.
    """
    if came_by_cookie(request) and "HTTP_ORIGIN" in request.META:
        must_be_our_page(request)


def must_be_our_page(request: HttpRequest) -> None:
    """Refuse with CrossSite what did not come from one of our own pages."""
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin not in settings.CORS_ALLOWED_ORIGINS and origin != f"{request.scheme}://{request.get_host()}":
        raise CrossSite


def csrf_token(session_id: UUID | None) -> str:
    """What our own pages send along in ``X-CSRF-Token``, for as long as the session lasts.

    Raises NotSignedIn where there is no session.
    """
    if session_id is None:
        raise NotSignedIn
    key = hmac.digest(settings.SECRET_KEY.encode(), b"chiron csrf token", "sha256")
    return base64.urlsafe_b64encode(hmac.digest(key, session_id.bytes, "sha256")).rstrip(b"=").decode()


def keep(request: HttpRequest, response: HttpResponseBase, *, access: str, refresh: str) -> None:
    """Give the browser its tokens, out of reach of scripts, of other sites and of plain http."""
    lifetimes = {ACCESS: (access, ACCESS_LIFETIME), REFRESH: (refresh, SESSION_LIFETIME)}
    for name, (token, lifetime) in lifetimes.items():
        write(request, response, name, token, lifetime)


def write(request: HttpRequest, response: HttpResponseBase, name: str, token: str, lifetime: timedelta) -> None:
    """Give the browser a cookie that only our own pages send back, and no script reads."""
    secure = not _is_plain(request)
    response.set_cookie(
        _name(request, name), token, max_age=lifetime, path="/", secure=secure, httponly=True, samesite="Strict"
    )


def discard(request: HttpRequest, response: HttpResponse) -> None:
    """Take the tokens from the browser, if it has any."""
    for name in (ACCESS, REFRESH):
        if _name(request, name) in request.COOKIES:
            write(request, response, name, "", timedelta())


def _name(request: HttpRequest, name: str) -> str:
    """``__Host-`` makes browsers refuse a cookie of that name from a subdomain, and over plain http."""
    return name if _is_plain(request) else f"__Host-{name}"


def _is_plain(request: HttpRequest) -> bool:
    """Development over http, where browsers keep no Secure cookie."""
    return settings.COOKIES_OVER_HTTP and not request.is_secure()
