"""Pages of ours in a browser: sign-in, staying signed in and sign-out by cookies, with forms in place of scripts.

A page renews its tokens as it is asked for, so that nobody who has typed for more than five minutes loses what they
typed. Their CSRF token is that of the session, which stays the same.
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chiron.identity import cookies, devices
from chiron.identity.authentication import host_of, visitor
from chiron.identity.challenges import Challenge
from chiron.identity.directory import Choice
from chiron.identity.errors import RefreshRefused
from chiron.identity.limits import admit
from chiron.identity.revocations import revocations
from chiron.identity.services import mfa, sign_in
from chiron.identity.services.sign_in import SignedIn
from chiron.identity.tokens import verified
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotSignedIn


def enter(request: HttpRequest, *, name: str, password: str, organization: str, now: datetime) -> SignedIn | Challenge:
    """Sign in from one of our own pages. Raises CrossSite, and as `sign_in` does."""
    cookies.must_be_our_page(request)
    choice = Choice(organization, host_of(request))
    device = devices.token_in(request)
    return sign_in.sign_in(by=visitor(request), name=name, password=password, choice=choice, device=device, now=now)


def finish(request: HttpRequest, *, mfa_token: str, code: str, now: datetime) -> SignedIn:
    """Go on with the code of a second factor. Raises CrossSite, and as `finish_sign_in` does."""
    cookies.must_be_our_page(request)
    device = devices.token_in(request)
    return mfa.finish_sign_in(by=visitor(request), mfa_token=mfa_token, code=code, device=device, now=now)


def welcome(request: HttpRequest, response: HttpResponse, opened: SignedIn) -> None:
    """Give the browser its tokens, and make it a known device."""
    devices.make_known(request, response, opened.account, in_cookies=True)
    cookies.keep(request, response, access=opened.access, refresh=opened.refresh)


def leave(request: HttpRequest, response: HttpResponse, *, by: Caller, now: datetime) -> None:
    """End the session, and take its tokens from the browser."""
    sign_in.sign_out(by=by, now=now)
    cookies.discard(request, response)


def renew(request: HttpRequest, *, now: datetime) -> SignedIn | None:
    """Where the access token has run out but the session stands, have the request carry another one.

    The browser must be given what is answered (`keep`). Raises TooManyRequests, OrganizationSuspended.
    """
    token = cookies.refresh_token_in(request)
    if not token or not cookies.came_by_cookie(request) or _is_good(request):
        return None
    admit("refresh", by=visitor(request), now=now)
    try:
        opened = sign_in.refresh(by=visitor(request), token=token, now=now)
    except RefreshRefused:
        return None
    cookies.carry(request, opened.access)
    return opened


def keep(request: HttpRequest, response: HttpResponseBase, opened: SignedIn) -> None:
    """Give the browser the tokens that `renew` made, unless they have just been taken from it."""
    if not response.cookies:
        cookies.keep(request, response, access=opened.access, refresh=opened.refresh)


def csrf_token_of(by: Caller | None) -> str:
    """What a form of ours sends along; nothing where nobody is signed in."""
    return cookies.csrf_token(by.session_id) if by and by.session_id else ""


def say_in_headers(request: HttpRequest, field: str) -> None:
    """A form says in a field what a script says in a header: its CSRF token."""
    if request.content_type == "application/x-www-form-urlencoded" and field in request.POST:
        request.META["HTTP_X_CSRF_TOKEN"] = request.POST[field]


def _is_good(request: HttpRequest) -> bool:
    try:
        revocations.check(verified(cookies.access_token_in(request)))
    except NotSignedIn:
        return False
    return True
