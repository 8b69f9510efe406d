"""Reads of schedules, slots and appointments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Policy, Scope
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import Provider, provider_for, provider_names
from chiron.scheduling.affected import beyond_hours, subjects_of
from chiron.scheduling.beside import around_day, beside_of
from chiron.scheduling.diary import availabilities, blocking, hours_of, schedule_of, span_of, terms_of
from chiron.scheduling.doors import appointment_for, appointments_within
from chiron.scheduling.models import Appointment, AppointmentChange, AppointmentType, Closure, ExtraHours, Schedule
from chiron.scheduling.opened import open_days
from chiron.scheduling.services.availability import Extra, Leave, Received
from chiron.scheduling.sharing import groups_of, places_in
from chiron.scheduling.slots import slots_on
from chiron.scheduling.wallclock import Hours, Span
from chiron.scheduling.words import Of
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import organization_safe, patient_safes


@dataclass(frozen=True, slots=True)
class Slot(Span):
    """When an appointment itself could be, and for how many patients."""

    places: int


@dataclass(frozen=True, slots=True)
class Free:
    """A doctor and when they can be booked on one day."""

    provider: Provider
    name: str
    zone: str
    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True)
class Told:
    """An appointment with the sealed words of it, opened."""

    appointment: Appointment
    reason: str
    note: str


def read_availability(by: Caller, provider_id: UUID) -> tuple[Schedule, Received]:
    """When a doctor receives, and to colleagues, why they do not. Raises NotFound, NoSchedule."""
    by.scope("availability", "read")
    schedule = schedule_of(provider_for(by, provider_id, role="doctor"))
    safe = organization_safe(current_organization_id())
    told = Policy.decide(by, "leave-titles", "read") is not Scope.NONE
    leave = [
        Leave(*span_of(each), title=(told and safe.open(each, "title")) or "")
        for each in Closure.objects.filter(provider=provider_id).order_by("from_day", "from_time")
    ]
    extra = [
        Extra(each.day, Hours(each.start, each.end))
        for each in ExtraHours.objects.filter(provider=provider_id).order_by("day", "start")
    ]
    weekly = {day: [hours_of(pair) for pair in pairs] for day, pairs in schedule.weekly.items()}
    return schedule, Received(schedule.time_zone, schedule.slot_minutes, weekly, leave, extra)


def list_beyond_hours(by: Caller, provider_id: UUID, query: PageQuery, now: datetime) -> Page[Appointment]:
    """A page of a doctor's appointments to come that do not lie in the hours. Raises NotFound, NoSchedule."""
    affected = beyond_hours(by, schedule_of(provider_for(by, provider_id, role="doctor")), query, now)
    audit.record(
        by, "appointment.listed", resource="appointments", resource_id=provider_id, subjects=subjects_of(affected)
    )
    return affected


def free_doctors(
    by: Caller, *, day: date, specialty: str | None = None, type_id: UUID | None = None, room_id: UUID | None = None,
    patient_id: UUID | None = None, now: datetime,
) -> list[Free]:  # fmt: skip
    """The doctors who can be booked on a day of their own clock, with their slots; by as many queries as for one.

    Every slot can be booked in the room that is named, by the patient who is named or asks. Raises NotFound for a
    type, a room or a patient that there is not.
    """
    by.scope("availability", "read")
    beside = beside_of(by, room_id, patient_id, around_day(day), now)
    kind = AppointmentType.objects.filter(id=type_id, active=True).first() if type_id else None
    if type_id and kind is None:
        raise NotFound
    schedules = Schedule.objects.filter(provider__active=True, provider__role="doctor").select_related("provider")
    if specialty:
        schedules = schedules.filter(provider__specialty__iexact=specialty)
    found = list(schedules.order_by("provider_id"))
    open_hours, around = availabilities(found, day, day), around_day(day)
    numbers = [each.provider.number for each in found]
    taken, groups = _taken(numbers, around, now), groups_of(kind, numbers, around, now)
    names = provider_names(by, [each.provider_id for each in found])
    opened = open_days([open_hours[each.provider_id] for each in found], day)
    free = []
    for schedule, that_day in zip(found, opened, strict=True):
        number, terms = schedule.provider.number, terms_of(kind, schedule)
        starts = slots_on(
            day, availability=open_hours[schedule.provider_id], terms=terms, taken=taken.get(number, ()),
            shared=[span for (whose, span), group in groups.items() if whose == number and group.left], now=now,
            opened=that_day,
        )  # fmt: skip
        slots = []
        for start in starts:
            group = groups.get((number, terms.reserved(start)))
            if beside.is_free(terms, start, group):
                slots.append(Slot(start, start + terms.duration, group.left if group else places_in(kind, None)))
        free.append(Free(schedule.provider, names[schedule.provider_id], schedule.time_zone, slots))
    return [each for each in free if each.slots]


def _taken(numbers: Sequence[int], around: Span, now: datetime) -> Mapping[int, list[Span]]:
    """What is reserved of these providers then, and not by a hold that has expired."""
    rows = blocking(now).filter(
        of=Of.PROVIDER, number__in=numbers, starts_at__lt=around.ends_at, ends_at__gt=around.starts_at
    )
    taken: dict[int, list[Span]] = {}
    for number, starts_at, ends_at in rows.values_list("number", "starts_at", "ends_at"):
        taken.setdefault(number, []).append(Span(starts_at, ends_at))
    return taken


def read_appointment(by: Caller, appointment_id: UUID) -> Appointment:
    """One appointment. Raises NotFound."""
    appointment = appointment_for(by, appointment_id)
    audit.record(
        by, "appointment.read", resource="appointments", resource_id=appointment.id, subjects=[appointment.patient_id]
    )
    return appointment


def read_changes(by: Caller, appointment_id: UUID) -> tuple[Appointment, list[AppointmentChange]]:
    """One appointment, and what became of it, the first change first. Raises NotFound."""
    appointment = appointment_for(by, appointment_id)
    audit.record(
        by, "appointment.changes_read", resource="appointments", resource_id=appointment.id,
        subjects=[appointment.patient_id],
    )  # fmt: skip
    return appointment, list(AppointmentChange.objects.filter(appointment=appointment).order_by("version"))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which appointments are asked for; each None asks for all."""

    provider_id: UUID | None = None
    patient_id: UUID | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    series_id: UUID | None = None


def list_appointments(by: Caller, asked: Asked, query: PageQuery) -> Page[Told]:
    """A page of the appointments that the caller reaches, the first to come first."""
    rows = appointments_within(by, "read").select_related("type")
    wanted = {
        "provider_id": asked.provider_id, "patient_id": asked.patient_id, "status": asked.status,
        "starts_at__gte": asked.since, "starts_at__lt": asked.until, "series_id": asked.series_id,
    }  # fmt: skip
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    found = page(rows, query, order=("starts_at", "id"))
    subjects = [each.patient_id for each in found.rows]
    audit.record(by, "appointment.listed", resource="appointments", subjects=subjects)
    return Page(told(found.rows), found.next)


def told(appointments: Sequence[Appointment]) -> list[Told]:
    """Appointments with their words opened, by one query for all keys."""
    safes = patient_safes(current_organization_id(), [each.patient_id for each in appointments])
    return [
        Told(each, *(safes[each.patient_id].open(each, column) or "" for column in ("reason", "note")))
        for each in appointments
    ]
