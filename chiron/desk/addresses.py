"""The addresses of the desk, each with what answers it; config puts them behind the wrapper of all operations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chiron.desk import acts, booking, notifications, schedule, sign_in, waitlist
from chiron.kernel.access import open_to_all
from chiron.kernel.errors import NotFound
from chiron.kernel.problems import respond

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Address:
    """One address: its name, and the view of each method."""

    route: str
    name: str
    views: dict[str, View]


def at(route: str, name: str, **views: Any) -> Address:
    return Address(route, name, {method.upper(): view for method, view in views.items()})


@open_to_all("There is nothing to see.")
def show_nothing(request: HttpRequest, **_: str) -> HttpResponse:
    """An address that is none; what lies beside it is a page all the same."""
    return respond(NotFound(), request)


APPOINTMENT = "appointments/<uuid:appointment_id>"

ADDRESSES = (
    at("", "schedule", get=schedule.show_day),
    at("state", "state", get=schedule.tell_changes),
    at("book", "book", get=booking.open_form, post=booking.book),
    at(APPOINTMENT, "appointment", get=acts.show_appointment),
    at(f"{APPOINTMENT}/move", "move", get=booking.open_move, post=booking.move),
    at(f"{APPOINTMENT}/cancel", "cancel", post=acts.cancel),
    at(f"{APPOINTMENT}/confirm", "confirm", post=acts.confirm),
    at(f"{APPOINTMENT}/approve", "approve", post=acts.approve),
    at(f"{APPOINTMENT}/decline", "decline", post=acts.decline),
    at(f"{APPOINTMENT}/check-in", "check-in", post=acts.check_in),
    at(f"{APPOINTMENT}/complete", "complete", post=acts.complete),
    at(f"{APPOINTMENT}/no-show", "no-show", post=acts.no_show),
    at(f"{APPOINTMENT}/undo-no-show", "undo-no-show", post=acts.undo_no_show),
    at("waitlist", "waitlist", get=waitlist.show_list),
    at("waitlist/join", "join", get=waitlist.open_form, post=waitlist.join),
    at("waitlist/<uuid:entry_id>/leave", "leave", post=waitlist.leave),
    at("waitlist/<uuid:entry_id>/priority", "prioritize", post=waitlist.prioritize),
    at("notifications", "notifications", get=notifications.show_list),
    at("notifications/bell", "bell", get=notifications.show_bell),
    at("notifications/read-all", "read-all", post=notifications.read_all),
    at("notifications/<uuid:notification_id>/read", "read", post=notifications.read),
    at("sign-in", "sign-in", get=sign_in.open_form, post=sign_in.enter),
    at("sign-in/code", "code", post=sign_in.finish),
    at("sign-out", "sign-out", post=sign_in.leave),
    at("<path:anything>", "nothing", get=show_nothing, post=show_nothing),
)
