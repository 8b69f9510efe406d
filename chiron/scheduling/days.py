"""A day of the clinic: every doctor's appointments, and the times that are free."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, QuerySet, Sum

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.registry.public import Provider, provider_names
from chiron.scheduling.doors import appointments_within
from chiron.scheduling.models import Appointment, AppointmentType, Schedule
from chiron.scheduling.queries import Free, Slot, free_doctors
from chiron.scheduling.wallclock import DAY, wall_of

AROUND = timedelta(days=2)
"""How far from its noon in UTC any zone's day may reach, and more."""


@dataclass(frozen=True, slots=True)
class DoctorDay:
    """One doctor's day on their own clock: the appointments in order, and when else they can be booked."""

    provider: Provider
    name: str
    zone: ZoneInfo
    appointments: Sequence[Appointment]
    free: Sequence[Slot]


def clinic_day(by: Caller, *, day: date, provider_id: UUID | None = None, now: datetime) -> list[DoctorDay]:
    """The day of every doctor who receives, or of one of them, by name; by as many queries as for one.

    Whoever reaches not all appointments sees those that they reach, and which times are free.
    """
    free = {each.provider.id: each.slots for each in free_doctors(by, day=day, now=now)}
    schedules = Schedule.objects.filter(provider__role="doctor").select_related("provider")
    found = list(schedules.filter(provider=provider_id) if provider_id else schedules)
    names = provider_names(by, [each.provider_id for each in found])
    promised = _on_their_day(_promised(by, day), {each.provider_id: ZoneInfo(each.time_zone) for each in found}, day)
    days = [
        DoctorDay(
            each.provider, names[each.provider_id], ZoneInfo(each.time_zone), promised[each.provider_id],
            free.get(each.provider_id, ()),
        )
        for each in found
        if each.provider.active or promised[each.provider_id]
    ]  # fmt: skip
    subjects = {each.patient_id for doctor in days for each in doctor.appointments}
    audit.record(by, "appointment.listed", resource="appointments", subjects=sorted(subjects))
    return sorted(days, key=lambda each: (each.name.casefold(), each.provider.id))


def state_of_day(by: Caller, day: date) -> str:
    """A word that is another one whenever one of the day's appointments has become another, or there is another."""
    state = _promised(by, day).order_by().aggregate(rows=Count("id"), versions=Sum("version"), newest=Max("updated_at"))
    newest = state["newest"]
    return f"{state['rows']}-{state['versions'] or 0}-{newest.timestamp() if newest else 0}"


def next_free(
    by: Caller, *, since: date, provider_id: UUID | None = None, type_id: UUID | None = None, days: int = 14,
    now: datetime,
) -> tuple[date, list[Free]]:  # fmt: skip
    """The first of so many days on which somebody, or that doctor, can be booked, with who can be; the last of them,
    and nobody, where nobody can. Raises NotFound for a type that there is not."""
    day = since
    for ahead in range(days):
        day = since + ahead * DAY
        free = free_doctors(by, day=day, type_id=type_id, now=now)
        found = [each for each in free if provider_id in (None, each.provider.id)]
        if found:
            return day, found
    return day, []


def offered_types(by: Caller) -> list[AppointmentType]:
    """What can be booked, by name."""
    by.scope("availability", "read")
    return list(AppointmentType.objects.filter(active=True).order_by("name"))


def bookable_doctors(by: Caller) -> list[tuple[UUID, str]]:
    """The doctors who have said when they receive, by name."""
    by.scope("availability", "read")
    ids = Schedule.objects.filter(provider__active=True, provider__role="doctor").values_list("provider_id", flat=True)
    return sorted(provider_names(by, ids).items(), key=lambda each: (each[1].casefold(), each[0]))


def _promised(by: Caller, day: date) -> "QuerySet[Appointment]":
    noon = datetime.combine(day, time(12), UTC)
    rows = appointments_within(by, "read").filter(starts_at__gt=noon - AROUND, starts_at__lt=noon + AROUND)
    return rows.select_related("type").order_by("starts_at", "id")


def _on_their_day(
    appointments: Iterable[Appointment], zones: Mapping[UUID, ZoneInfo], day: date
) -> Mapping[UUID, list[Appointment]]:
    """The appointments that begin on that day of their doctor's clock, by doctor."""
    found: dict[UUID, list[Appointment]] = {provider_id: [] for provider_id in zones}
    for each in appointments:
        zone = zones.get(each.provider_id)
        if zone and wall_of(each.starts_at, zone).date() == day:
            found[each.provider_id].append(each)
    return found
