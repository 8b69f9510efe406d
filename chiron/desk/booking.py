"""Booking and moving: a patient, a doctor's free time, and the verb."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse

from chiron.desk.acts import appointment_shown
from chiron.desk.forms import LINE, Attempt
from chiron.desk.pages import page, see
from chiron.desk.schedule import today_here
from chiron.desk.times import Asked, Slot, chosen, long_day, slots_of
from chiron.kernel import clock
from chiron.kernel.access import Call, Caller, needs
from chiron.kernel.errors import invalid
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import Opened, Sought, list_patients, read_patient
from chiron.scheduling import public as scheduling
from chiron.scheduling.public import Appointment, Booked, Free, bookable_doctors, next_free, offered_types
from chiron.tenancy.public import current_organization_id, organization_for_id

FOUND = 10
"""How many patients are shown at most; more means to say more."""


class Choosing(Attempt):
    """One of the times that are free."""

    places: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("doctor-busy", "patient-busy", "room-busy", "outside-availability", "not-in-the-future", "fully-booked"),
        "start",
    )

    start = forms.CharField(max_length=80, error_messages={"required": "Choose a time."})


class Booking(Choosing):
    """A new appointment."""

    patient_id = forms.UUIDField(error_messages={"required": "Find the patient, and choose them."})
    type = forms.UUIDField(required=False)
    reason = forms.CharField(max_length=LINE, required=False)

    def perform(self, by: Caller, now: datetime) -> Booked:
        slot, typed = chosen(self.cleaned_data["start"]), self.cleaned_data
        return scheduling.book(
            by=by, provider_id=slot.provider_id, patient_id=typed["patient_id"], wall=slot.wall,
            utc_offset=slot.utc_offset, type_id=typed["type"], reason=typed["reason"], now=now,
        )  # fmt: skip


class Finding(Attempt):
    """A patient who is looked for."""

    name = forms.CharField(max_length=200, required=False)
    birth_date = forms.CharField(max_length=10, required=False)

    def perform(self, by: Caller, now: datetime) -> list[Opened]:
        sought = Sought(self.cleaned_data["name"], self.cleaned_data["birth_date"], place="body")
        if not sought:
            raise invalid("Type a name or a birth date.", "body", "name")
        return list_patients(by, by.scope("patients", "search"), PageQuery(limit=FOUND), sought).rows


class Moving(Choosing):
    """Another time for an appointment, as its page showed it."""

    appointment_id = forms.UUIDField()
    version = forms.IntegerField(min_value=1)

    def perform(self, by: Caller, now: datetime) -> Appointment:
        slot, typed = chosen(self.cleaned_data["start"]), self.cleaned_data
        return scheduling.reschedule(
            by=by, appointment_id=typed["appointment_id"], wall=slot.wall, utc_offset=slot.utc_offset,
            provider_id=slot.provider_id, if_match=typed["version"], now=now,
        )  # fmt: skip


FORMS: dict[str, type[Attempt]] = {"book": Booking, "find": Finding}
"""What the buttons of the form do; any other only shows what is free."""


@needs("appointments", "create")
def open_form(request: Call) -> HttpResponse:
    """The form of a new appointment."""
    return page(request, "book", booking_shown(request.caller, request.GET, Attempt({}), None, clock.now()))


@needs("appointments", "create")
def book(request: Call) -> HttpResponse:
    """Find a patient, look at free times, book."""
    form, now = FORMS.get(request.POST.get("do", ""), Attempt)(request.POST), clock.now()
    done = form.attempt(request.caller, now)
    if isinstance(done, Booked):
        return see("appointment", done.appointment.id, done="booked")
    return page(request, "book", booking_shown(request.caller, request.POST, form, done, now), form.status)


@needs("appointments", "reschedule")
def open_move(request: Call, appointment_id: UUID) -> HttpResponse:
    """Where an appointment could be moved to."""
    shown = moving_shown(request.caller, appointment_id, request.GET, Attempt({}), clock.now())
    return page(request, "move", shown)


@needs("appointments", "reschedule")
def move(request: Call, appointment_id: UUID) -> HttpResponse:
    """Move an appointment to the time that was chosen."""
    sent, now = {**request.POST.dict(), "appointment_id": appointment_id}, clock.now()
    form = (Moving if sent.get("do") == "move" else Attempt)(sent)
    if form.attempt(request.caller, now):
        return see("appointment", appointment_id, done="moved")
    return page(request, "move", moving_shown(request.caller, appointment_id, sent, form, now), form.status)


@dataclass(frozen=True, slots=True)
class Choice:
    """A doctor's free times; ``zone`` is said where the doctor's clock is not the clinic's."""

    name: str
    zone: str
    slots: Sequence[Slot]

    @classmethod
    def of(cls, free: Free, here: str) -> "Choice":
        return cls(
            free.name,
            "" if free.zone == here else free.zone,
            slots_of(free.provider.id, free.slots, ZoneInfo(free.zone)),
        )


def times_shown(by: Caller, asked: Asked, type_id: UUID | None, now: datetime) -> dict[str, Any]:
    """The times that are free on the day asked for, or on the next day on which there are any."""
    here = organization_for_id(current_organization_id()).time_zone
    day, free = next_free(by, since=asked.day, provider_id=asked.doctor_id, type_id=type_id, now=now)
    return {
        "asked": asked,
        "asked_day": long_day(asked.day),
        "free_day": long_day(day),
        "choices": sorted((Choice.of(each, here) for each in free), key=lambda each: each.name.casefold()),
        "doctors": bookable_doctors(by),
    }


def patients_shown(by: Caller, asked: Asked, found: object) -> dict[str, Any]:
    """Who was found, or was chosen before. Raises NotFound."""
    patients = found if isinstance(found, list) else [read_patient(by, asked.patient_id)] if asked.patient_id else []
    return {"patients": patients, "looked": isinstance(found, list), "many": len(patients) == FOUND}


def booking_shown(by: Caller, sent: Mapping[str, Any], form: Attempt, found: object, now: datetime) -> dict[str, Any]:
    """What the form of a new appointment says: what was typed, who was found, what is free."""
    asked = Asked.of(sent, today_here(now))
    return {
        **patients_shown(by, asked, found), **times_shown(by, asked, asked.type_id, now), "form": form, "sent": sent,
        "types": offered_types(by),
        "place": "book",
    }  # fmt: skip


def moving_shown(
    by: Caller, appointment_id: UUID, sent: Mapping[str, Any], form: Attempt, now: datetime
) -> dict[str, Any]:
    """What the form that moves an appointment says. Raises NotFound."""
    shown = appointment_shown(by, appointment_id, now)
    appointment: Any = shown["appointment"]
    asked = Asked.of(
        {"doctor": str(appointment.provider_id), "date": str(shown["day"])} | {name: sent[name] for name in sent},
        today_here(now),
    )
    return {**shown, **times_shown(by, asked, appointment.type_id, now), "form": form, "sent": sent}
