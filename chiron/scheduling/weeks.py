"""A doctor's days as they hang on the wall: who comes when, on the clock of the doctor's zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.cells import short
from chiron.registry.public import patient_names, provider_for, provider_names
from chiron.scheduling.diary import availability_of, schedule_of
from chiron.scheduling.doors import appointments_within
from chiron.scheduling.models import Appointment, Schedule
from chiron.scheduling.wallclock import DAY, spans_of, wall_of
from chiron.scheduling.words import Status


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment, the patient's name (an end of the id for whom the policy gives no name), and its wall times."""

    appointment: Appointment
    patient: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Days:
    """Some days of one doctor: the visits that begin on each, in order, and the hours within which they receive."""

    provider_id: UUID
    doctor: str
    zone: ZoneInfo
    visits: Mapping[date, Sequence[Visit]]
    hours: Mapping[date, Sequence[int]]


def doctor_days(by: Caller, *, provider_id: UUID, first: date, count: int, now: datetime) -> Days:
    """So many days of a doctor's own clock, by as many queries as for one; what was cancelled or expired is left out.

    That their patients were looked at is one event. Raises NotPermitted, NotFound, NoSchedule.
    """
    schedule = schedule_of(provider_for(by, provider_id, role="doctor"))
    zone, days = ZoneInfo(schedule.time_zone), [first + number * DAY for number in range(count)]
    found = list(_expected(by, provider_id, days, zone, now))
    patients = {each.patient_id for each in found}
    names = patient_names(by, patients)
    visits: dict[date, list[Visit]] = {day: [] for day in days}
    for each in found:
        begins, ends = wall_of(each.starts_at, zone), wall_of(each.ends_at, zone)
        visits[begins.date()].append(Visit(each, names.get(each.patient_id, short(each.patient_id)), begins, ends))
    audit.record(by, "appointment.listed", resource="appointments", subjects=sorted(patients))
    doctor = provider_names(by, [provider_id])[provider_id]
    return Days(provider_id, doctor, zone, visits, _hours(schedule, days, zone))


def _expected(
    by: Caller, provider_id: UUID, days: list[date], zone: ZoneInfo, now: datetime
) -> "QuerySet[Appointment]":
    midnight = time(0)
    spans = spans_of(datetime.combine(days[0], midnight), datetime.combine(days[-1] + DAY, midnight), zone)
    rows = appointments_within(by, "read").filter(
        provider_id=provider_id, starts_at__gte=spans[0].starts_at, starts_at__lt=spans[-1].ends_at
    )
    rows = rows.exclude(status=Status.CANCELLED).exclude(status=Status.HELD, held_until__lte=now)
    return rows.select_related("type", "room").order_by("starts_at", "seat", "id")


def _hours(schedule: Schedule, days: list[date], zone: ZoneInfo) -> dict[date, list[int]]:
    """The hours of each day's clock in which the doctor receives at some time."""
    availability = availability_of(schedule, days[0], days[-1])

    def open_at(day: date, hour: int) -> bool:
        begins = datetime.combine(day, time(hour))
        shown = spans_of(begins, begins + timedelta(hours=1), zone)
        return any(
            each.starts_at < span.ends_at and span.starts_at < each.ends_at
            for each in availability.open_around(day)
            for span in shown
        )

    return {day: [hour for hour in range(24) if open_at(day, hour)] for day in days}
