"""A day at the demo clinic: when its doctors receive, what can be booked, and who comes today."""

from datetime import date, datetime, time
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.kernel.access import Scope
from chiron.operations.demo import Demo
from chiron.registry.public import Provider, patients_within
from chiron.scheduling.public import (
    WEEKDAYS,
    Appointment,
    AppointmentType,
    Hours,
    Received,
    Schedule,
    Step,
    TypeSaid,
    book,
    cancel,
    clinic_day,
    no_show,
    proceed,
    save_type,
    set_availability,
)
from chiron.tenancy.public import inside

DOCTORS = 3
HOURS = [Hours(time(8), time(12)), Hours(time(13), time(17))]
TYPES = {"Consultation": 30, "Check-up": 60, "Vaccination": 15}


class Visit(NamedTuple):
    """Somebody who comes: to which of the doctors, when, for what; and what becomes of it if it is not the usual."""

    doctor: int
    at: time
    type: str
    reason: str = ""
    step: Step = Step.COMPLETE


VISITS = (
    Visit(0, time(8), "Consultation", "Cough since Sunday"),
    Visit(0, time(8, 30), "Consultation", "Blood pressure"),
    Visit(0, time(9, 30), "Vaccination"),
    Visit(0, time(10), "Consultation", "Back pain", Step.NO_SHOW),
    Visit(0, time(11), "Consultation", "Results of last week"),
    Visit(0, time(13, 30), "Consultation"),
    Visit(0, time(14), "Check-up"),
    Visit(0, time(16), "Consultation", "Headache"),
    Visit(1, time(8, 30), "Check-up"),
    Visit(1, time(10), "Consultation", "Skin", Step.CANCEL),
    Visit(1, time(10, 30), "Consultation", "Sore throat"),
    Visit(1, time(13), "Check-up"),
    Visit(1, time(15), "Consultation", "Knee"),
    Visit(2, time(9), "Vaccination"),
    Visit(2, time(9, 30), "Consultation", "Fever"),
    Visit(2, time(14, 30), "Consultation"),
    Visit(2, time(15), "Consultation", "Sleep"),
)


def give_day(demo: Demo, now: datetime) -> None:
    """Have three doctors receive every day, and some patients come to them today; what is there is left alone."""
    zone = ZoneInfo(demo.organization.time_zone)
    today = now.astimezone(zone).date()
    with inside(demo.organization.id):
        doctors = Provider.objects.filter(role="doctor", active=True).order_by("id").values_list("id", flat=True)
        for doctor_id in doctors[:DOCTORS]:
            _have_hours(demo, doctor_id, now)
        types = {name: _have_type(demo, name, minutes, now) for name, minutes in TYPES.items()}
        if not any(each.appointments for each in clinic_day(demo.admin, day=today, now=now)):
            _have_visits(demo, list(doctors[:DOCTORS]), types, today, now)


def _have_hours(demo: Demo, doctor_id: UUID, now: datetime) -> None:
    if not Schedule.objects.filter(provider=doctor_id).exists():
        said = Received(demo.organization.time_zone, 30, dict.fromkeys(WEEKDAYS, HOURS))
        set_availability(by=demo.admin, provider_id=doctor_id, said=said, if_match=None, now=now)


def _have_type(demo: Demo, name: str, minutes: int, now: datetime) -> UUID:
    known = AppointmentType.objects.filter(name=name).first()
    said = TypeSaid(name=name, minutes=minutes)
    return (known or save_type(by=demo.admin, type_id=None, said=said, if_match=None, now=now)).id


def _have_visits(demo: Demo, doctors: list[UUID], types: dict[str, UUID], today: date, now: datetime) -> None:
    """As many visits as there are patients, booked last night and gone as far as the day has."""
    patients = patients_within(demo.admin, Scope.ORGANIZATION).order_by("id").values_list("id", flat=True)
    last_night = datetime.combine(today, time(0), ZoneInfo(demo.organization.time_zone))
    for visit, patient_id in zip(VISITS, patients, strict=False):
        if visit.doctor < len(doctors):
            made = book(
                by=demo.admin, provider_id=doctors[visit.doctor], patient_id=patient_id, now=last_night,
                wall=datetime.combine(today, visit.at), type_id=types[visit.type], reason=visit.reason,
            )  # fmt: skip
            _go_on(demo, made.appointment, visit, now)


def _go_on(demo: Demo, appointment: Appointment, visit: Visit, now: datetime) -> None:
    about: dict[str, Any] = {"by": demo.admin, "appointment_id": appointment.id, "if_match": None}
    begun, ended = now >= appointment.starts_at, now >= appointment.ends_at
    if visit.step is Step.CANCEL:
        cancel(**about, reason="The patient called", now=min(now, appointment.starts_at))
    elif visit.step is Step.NO_SHOW and begun:
        no_show(**about, now=now)
    elif begun:
        proceed(**about, step=Step.CHECK_IN, now=appointment.starts_at)
        if ended:
            proceed(**about, step=Step.COMPLETE, now=appointment.ends_at)
