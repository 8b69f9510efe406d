"""The way of a request through the administration, as `config.operation` is that of the API's operations.

Find the seat, open its organization's transaction around the whole request, since templates render after the view
returns, and commit only what succeeded: a status of 400 or more rolls back, and the denial is then written as an event
in a transaction of its own.
"""

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth import logout
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from chiron.identity.authentication import visitor
from chiron.identity.models import Account
from chiron.identity.seats import Seat, seats_of, stands
from chiron.kernel import clock
from chiron.kernel.access import Caller, Need
from chiron.kernel.db import CLINICAL, roll_back
from chiron.kernel.problems import failure, respond
from chiron.tenancy.public import Organization, inside
from config.operation import denied

Next = Callable[[HttpRequest], HttpResponseBase]
SESSION, CHOICE = "session", "seat"
ENTERING = Need("administration", "open")


def seated(get_response: Next) -> Next:
    """Give the request its seat, and the seat's organization its transaction."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        try:
            seats = _seats(request)
            seat = _chosen(request, seats)
        except (DatabaseError, InterfaceError) as error:
            return respond(failure(error), request)
        request.seats, request.seat = seats, seat  # type: ignore[attr-defined]
        request.caller = seat.caller if seat else None  # type: ignore[attr-defined]
        if seats and seat is None and request.path not in (reverse("admin:choose"), reverse("admin:logout")):
            return redirect("admin:choose")
        if seat is None or seat.organization is None:
            return get_response(request)
        with timezone.override(ZoneInfo(seat.organization.time_zone)):
            return _switched(request, seat.caller, seat.organization, get_response)

    return handle


def _seats(request: HttpRequest) -> list[Seat]:
    """The seats of whoever is signed in with a session that stands; whoever is not is signed out."""
    account, session = request.user, request.session.get(SESSION)
    if not isinstance(account, Account):
        return []
    if session is None or not stands(UUID(session), account, clock.now()):
        logout(request)
        return []
    seats = seats_of(account, clock.now(), visitor(request), UUID(session))
    if not seats:
        logout(request)
    return seats


def _chosen(request: HttpRequest, seats: list[Seat]) -> Seat | None:
    """The only seat there is, or the one that was chosen; never one that is closed."""
    open_seats = [seat for seat in seats if not seat.closed]
    if len(seats) == 1:
        return next(iter(open_seats), None)
    return next((seat for seat in open_seats if seat.key == request.session.get(CHOICE)), None)


def _switched(request: HttpRequest, caller: Caller, organization: Organization, get_response: Next) -> HttpResponseBase:
    try:
        with inside(organization.id):
            response = get_response(request)
            if response.status_code >= 400:
                roll_back(CLINICAL)
    except (DatabaseError, InterfaceError) as error:
        response = respond(failure(error), request)
    if response.status_code < 400:
        return response
    path = {
        name: str(value) for name, value in (request.resolver_match.kwargs if request.resolver_match else {}).items()
    }
    return denied(request, caller, getattr(request, "need", ENTERING), path, response)
