"""A day at the desk: a column for each doctor, and whether anything of it has changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse

from chiron.desk.pages import address, page
from chiron.desk.steps import TOLD, Act, acts_on
from chiron.desk.times import Slot, day_asked, long_day, slots_of, time_of
from chiron.kernel import clock
from chiron.kernel.access import Call, Caller, needs
from chiron.registry.public import patient_names
from chiron.scheduling.public import Appointment, DoctorDay, Status, bookable_doctors, clinic_day, state_of_day
from chiron.tenancy.public import current_organization_id, organization_for_id


@dataclass(frozen=True, slots=True)
class Line:
    """One appointment in a column."""

    id: UUID
    starts_at: datetime
    time: str
    until: str
    patient: str
    type: str
    status: Status
    overdue: bool
    version: int
    acts: list[Act]


@dataclass(frozen=True, slots=True)
class Gap:
    """Free times that follow each other, with no appointment between them."""

    starts_at: datetime
    slots: list[Slot]


@dataclass(frozen=True, slots=True)
class Column:
    """A doctor's day. ``zone`` is said where the doctor's clock is not the clinic's."""

    doctor_id: UUID
    name: str
    specialty: str
    zone: str
    expected: int
    entries: list[Line | Gap]


@needs("desk", "open")
def show_day(request: Call) -> HttpResponse:
    """Everybody's day, or one doctor's."""
    shown = day_shown(request.caller, request.GET.dict(), clock.now())
    return page(request, "schedule", shown | {"told": TOLD.get(request.GET.get("done", ""))})


@needs("desk", "open")
def tell_changes(request: Call) -> HttpResponse:
    """Have the page read the day again where it is another than the page has seen; nothing is read of anybody here."""
    today = today_here(clock.now())
    state = state_of_day(request.caller, day_asked(request.GET.get("date"), today))
    same = state == request.GET.get("state")
    return HttpResponse(status=204, headers={} if same else {"HX-Trigger": "day-changed"})


def today_here(now: datetime) -> date:
    """What day it is where the clinic is."""
    return now.astimezone(ZoneInfo(organization_for_id(current_organization_id()).time_zone)).date()


def day_shown(by: Caller, asked: dict[str, str], now: datetime) -> dict[str, object]:
    """What the page of a day says. Raises Invalid, NotFound."""
    here = ZoneInfo(organization_for_id(current_organization_id()).time_zone)
    today = now.astimezone(here).date()
    day, doctors = day_asked(asked.get("date"), today), bookable_doctors(by)
    doctor_id = next((id for id, _ in doctors if str(id) == asked.get("doctor")), None)
    state = state_of_day(by, day)
    found = clinic_day(by, day=day, provider_id=doctor_id, now=now)
    names = patient_names(by, {each.patient_id for doctor in found for each in doctor.appointments})
    step = timedelta(days=1)
    return {
        "day": day, "title": long_day(day), "is_today": day == today, "doctors": doctors, "doctor_id": doctor_id,
        "columns": [column(by, each, names, here, now) for each in found], "state": state,
        "before": address("schedule", date=day - step, doctor=doctor_id),
        "place": "schedule", "after": address("schedule", date=day + step, doctor=doctor_id),
        "today": address("schedule", doctor=doctor_id), "here": address("schedule", date=day, doctor=doctor_id),
    }  # fmt: skip


def column(by: Caller, doctor: DoctorDay, names: dict[UUID, str], here: ZoneInfo, now: datetime) -> Column:
    """A doctor's day as the page shows it: appointments in order, and between them what is free."""
    lines = [line(by, each, names, doctor.zone, now) for each in doctor.appointments]
    expected = sum(each.status in (Status.BOOKED, Status.CHECKED_IN) for each in lines)
    zone = "" if doctor.zone == here else doctor.zone.key
    entries: list[Line | Gap] = [*lines, *gaps(doctor, lines)]
    entries.sort(key=lambda each: each.starts_at)
    return Column(doctor.provider.id, doctor.name, doctor.provider.specialty, zone, expected, entries)


def line(by: Caller, appointment: Appointment, names: dict[UUID, str], zone: ZoneInfo, now: datetime) -> Line:
    """One appointment as a column shows it."""
    overdue = appointment.status == Status.BOOKED and appointment.starts_at < now
    return Line(
        appointment.id, appointment.starts_at, time_of(appointment.starts_at, zone), time_of(appointment.ends_at, zone),
        names.get(appointment.patient_id, "A patient of somebody else"),
        appointment.type.name if appointment.type else "", Status(appointment.status),
        overdue, appointment.version, acts_on(by, appointment, now),
    )  # fmt: skip


def gaps(doctor: DoctorDay, lines: Iterable[Line]) -> list[Gap]:
    """The free times, together where no appointment begins between them."""
    begins = sorted(each.starts_at for each in lines)
    found: dict[int, Gap] = {}
    for span, slot in zip(doctor.free, slots_of(doctor.provider.id, doctor.free, doctor.zone), strict=True):
        place = sum(each <= span.starts_at for each in begins)
        found.setdefault(place, Gap(span.starts_at, [])).slots.append(slot)
    return list(found.values())
