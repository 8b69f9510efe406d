"""How the desk answers: pages in one frame, redirects after what was done, refusals in words."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from chiron.identity.public import browsers, me
from chiron.kernel.access import Caller, Policy, Scope
from chiron.kernel.problems import MEDIA_TYPE
from chiron.kernel.schemas import PageQuery
from chiron.notifications.public import list_notifications, unread_count

STREAM = "/api/notifications/stream"
CSRF = "csrf_token"
"""The field of a form that holds the session's CSRF token."""


class See(HttpResponseRedirect):
    """Look there now; what was sent is done, and sent again it is not."""

    status_code = 303


def page(request: HttpRequest, name: str, said: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of the desk, for whoever is signed in."""
    frame = _frame(request)
    bell = _bell(frame["by"]) if frame["may_open"] else {}
    return render(request, f"desk/{name}.html", frame | bell | said, status=status)


def _frame(request: HttpRequest) -> dict[str, Any]:
    """What stands around every page."""
    by: Caller | None = getattr(request, "caller", None)
    account, membership = me(by) if by and by.account_id else (None, None)
    return {
        "by": by,
        "csrf": browsers.csrf_token_of(by),
        "account": account,
        "organization": membership.organization if membership else None,
        "may_open": by is not None and may(by, "desk", "open"),
        "may_book": by is not None and may(by, "appointments", "create"),
    }


def _bell(by: Caller) -> dict[str, Any]:
    """How many notifications are unread, and the number of the last, after which the page follows the stream."""
    last = next((each.number for each in list_notifications(by, PageQuery(limit=1)).rows), 0)
    return {"unread": unread_count(by), "stream": f"{STREAM}?last_event_id={last or 0}"}


def may(by: Caller, resource: str, action: str) -> bool:
    """Whether the policy gives the caller anything of this."""
    return Policy.decide(by, resource, action) is not Scope.NONE


def see(name: str, *ids: UUID, **asked: object) -> See:
    """Go and look at a page of the desk."""
    return See(address(name, *ids, **asked))


def address(name: str, *ids: UUID, **asked: object) -> str:
    """The address of a page, with what is asked of it; never anybody's name."""
    said = {key: str(value) for key, value in asked.items() if value}
    return reverse(f"desk:{name}", args=ids) + (f"?{urlencode(said)}" if said else "")


def onward(request: HttpRequest) -> str:
    """Where somebody wanted to go before they had to sign in: a page of the desk, nothing else."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = wanted.startswith(reverse("desk:schedule")) and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if ours else reverse("desk:schedule")


def as_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """A refusal as a person reads it; whoever is not signed in is shown where to. Any other answer stays as it is."""
    if response.headers.get("Content-Type") != MEDIA_TYPE or not isinstance(response, HttpResponse):
        return response
    if response.status_code == 401:
        return _to_sign_in(request)
    match = request.resolver_match if response.status_code in (409, 412, 422) else None
    appointment_id = match.kwargs.get("appointment_id") if match else None
    if response.status_code >= 500:
        request.caller = None  # type: ignore[attr-defined]  # nothing is asked of what is out of reach
    said = {"problem": orjson.loads(response.content), "appointment_id": appointment_id}
    refused = render(request, "desk/refused.html", _frame(request) | said, status=response.status_code)
    for name in ("Retry-After", "Allow"):
        if name in response.headers:
            refused.headers[name] = response.headers[name]
    return refused


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in, and back to what was looked at."""
    where = request.get_full_path() if request.method == "GET" else ""
    if request.headers.get("HX-Request") == "true":
        shown = request.headers.get("HX-Current-URL", "")
        where = shown.partition(request.get_host())[2]
        return HttpResponse(status=401, headers={"HX-Redirect": address("sign-in", next=where)})
    return see("sign-in", next=where)
