"""Who waits for time to become free, and putting somebody there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse

from chiron.desk.booking import Finding, patients_shown
from chiron.desk.forms import Attempt, Seen, said
from chiron.desk.pages import address, may, page, see
from chiron.desk.schedule import today_here
from chiron.desk.steps import TOLD
from chiron.desk.times import Asked, a_day, long_day, short_day, time_of
from chiron.kernel import clock
from chiron.kernel.access import Call, Caller, needs
from chiron.kernel.errors import invalid
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import patient_names
from chiron.scheduling import public as scheduling
from chiron.scheduling.public import (
    Appointment,
    InLine,
    Standing,
    WaitlistEntry,
    Wanted,
    bookable_doctors,
    list_waitlist,
    offered_types,
    wall_of,
)
from chiron.tenancy.public import current_organization_id, organization_for_id

USUALLY = timedelta(days=28)
"""How long somebody waits where nobody says."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Time that is held for whoever waits."""

    id: UUID
    day: str
    time: str
    until: str

    @classmethod
    def of(cls, offer: Appointment) -> "Offer":
        zone = ZoneInfo(offer.zone)
        until = time_of(offer.held_until, zone) if offer.held_until else ""
        return cls(offer.id, long_day(wall_of(offer.starts_at, zone).date()), time_of(offer.starts_at, zone), until)


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody who waits."""

    id: UUID
    patient: str
    wish: str
    since: str
    priority: str
    version: int
    offer: Offer | None


YEAR = timedelta(days=366)


class Joining(Attempt):
    """A wish for time."""

    patient_id = forms.UUIDField(error_messages={"required": "Find the patient, and choose them."})
    doctor = forms.UUIDField(required=False)
    type = forms.UUIDField(required=False)
    first = a_day()
    until = a_day()
    begin = forms.TimeField(required=False)
    end = forms.TimeField(required=False)

    def perform(self, by: Caller, now: datetime) -> WaitlistEntry:
        typed = self.cleaned_data
        if not typed["first"] <= typed["until"] <= typed["first"] + YEAR:
            raise invalid("is before the first day, or more than a year after it", "body", "until")
        if bool(typed["begin"]) != bool(typed["end"]) or (typed["begin"] and typed["end"] <= typed["begin"]):
            raise invalid("Say both times, the later one last; or none.", "body", "end")
        wanted = Wanted(
            first=typed["first"], last=typed["until"], provider_id=typed["doctor"], type_id=typed["type"],
            times=[(typed["begin"], typed["end"])] if typed["begin"] else (),
        )  # fmt: skip
        return scheduling.join(by=by, patient_id=typed["patient_id"], wanted=wanted, now=now)


class Priority(Seen):
    """Before whom somebody is offered time: 1 first, 9 last."""

    priority = forms.IntegerField(min_value=1, max_value=9)


FORMS: dict[str, type[Attempt]] = {"join": Joining, "find": Finding}


@needs("waitlist", "read")
def show_list(request: Call) -> HttpResponse:
    """Who waits, the first in line first."""
    shown = list_shown(request.caller, request.GET.get("cursor"), clock.now())
    return page(request, "waitlist", shown | {"told": TOLD.get(request.GET.get("done", ""))})


@needs("waitlist", "create")
def open_form(request: Call) -> HttpResponse:
    """The form that puts somebody on the waitlist."""
    return page(request, "join", joining_shown(request.caller, request.GET, Attempt({}), None, clock.now()))


@needs("waitlist", "create")
def join(request: Call) -> HttpResponse:
    """Find a patient, and let them wait."""
    form, now = FORMS.get(request.POST.get("do", ""), Attempt)(request.POST), clock.now()
    done = form.attempt(request.caller, now)
    if isinstance(done, WaitlistEntry):
        return see("waitlist", done="joined")
    return page(request, "join", joining_shown(request.caller, request.POST, form, done, now), form.status)


@needs("waitlist", "leave")
def leave(request: Call, entry_id: UUID) -> HttpResponse:
    """Let somebody wait no longer."""
    version = said(Seen, request.POST)["version"]
    scheduling.leave(by=request.caller, entry_id=entry_id, if_match=version, now=clock.now())
    return see("waitlist")


@needs("waitlist", "prioritize")
def prioritize(request: Call, entry_id: UUID) -> HttpResponse:
    """Let somebody be offered time before others, or after."""
    asked, now = said(Priority, request.POST), clock.now()
    scheduling.prioritize(
        by=request.caller, entry_id=entry_id, priority=asked["priority"], if_match=asked["version"], now=now
    )
    return see("waitlist")


def list_shown(by: Caller, cursor: str | None, now: datetime) -> dict[str, Any]:
    """What the page of the waitlist says."""
    found = list_waitlist(by, PageQuery(cursor=cursor), status=Standing.WAITING, now=now)
    patients = patient_names(by, [each.entry.patient_id for each in found.rows])
    doctors = dict(bookable_doctors(by))
    here = ZoneInfo(organization_for_id(current_organization_id()).time_zone)
    return {
        "lines": [line(each, patients, doctors, here) for each in found.rows],
        "next": address("waitlist", cursor=found.next) if found.next else "",
        "may_join": may(by, "waitlist", "create"),
        "may_leave": may(by, "waitlist", "leave"),
        "may_prioritize": may(by, "waitlist", "prioritize"),
        "place": "waitlist",
    }


def line(waiting: InLine, patients: Mapping[UUID, str], doctors: Mapping[UUID, str], here: ZoneInfo) -> Line:
    """Somebody who waits, as the list shows them."""
    entry = waiting.entry
    whom = doctors.get(entry.provider_id, "A doctor") if entry.provider_id else entry.specialty or "Any doctor"
    days = f"{short_day(entry.from_day)} to {short_day(entry.until_day)}"
    wish = [whom, *([entry.type.name] if entry.type else []), days, *("–".join(pair) for pair in entry.times)]
    return Line(
        entry.id, patients.get(entry.patient_id, "A patient of somebody else"), ", ".join(wish),
        long_day(wall_of(entry.recorded_at, here).date()), str(entry.priority), entry.version,
        Offer.of(waiting.offer) if waiting.offer else None,
    )  # fmt: skip


def joining_shown(by: Caller, sent: Mapping[str, Any], form: Attempt, found: object, now: datetime) -> dict[str, Any]:
    """What the form says: what was typed, and who was found."""
    today = today_here(now)
    asked = Asked.of(sent, today)
    return {
        **patients_shown(by, asked, found), "form": form, "sent": sent, "asked": asked, "types": offered_types(by),
        "doctors": bookable_doctors(by), "first": today.isoformat(), "until": (today + USUALLY).isoformat(),
        "place": "waitlist",
    }  # fmt: skip
