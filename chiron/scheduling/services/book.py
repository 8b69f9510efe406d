"""Promising a provider's time to a patient."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.errors import NotFound
from chiron.notifications.public import Kind
from chiron.records.public import Record, RecordType, Statement, record_appointment
from chiron.registry.public import Patient, Provider, patient_within, provider_for
from chiron.scheduling.diary import availability_of, is_promised, reserved, schedule_by_now, schedule_of, terms_of
from chiron.scheduling.errors import DoctorBusy, NotInTheFuture, OutsideAvailability
from chiron.scheduling.models import Appointment, AppointmentType, Room, Schedule
from chiron.scheduling.rules import instant_of
from chiron.scheduling.services.freed import take_turns_freeing
from chiron.scheduling.services.taking import keep, take
from chiron.scheduling.services.telling import tell
from chiron.scheduling.sharing import groups_of
from chiron.scheduling.slots import Terms, can_begin
from chiron.scheduling.wallclock import Span, wall_of
from chiron.scheduling.words import Of, Status
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe

Offered = TypeVar("Offered", AppointmentType, Room)


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment and the record that was made with it."""

    appointment: Appointment
    record: Record


class Needs(NamedTuple):
    """What an appointment needs beside its doctor and its patient."""

    type: AppointmentType | None
    room: Room | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be booked: with whom, for whom, when, and what it needs."""

    provider: Provider
    patient: Patient
    schedule: Schedule
    terms: Terms
    starts_at: datetime
    type: AppointmentType | None = None
    room: Room | None = None


def book(
    *, by: Caller, provider_id: UUID, patient_id: UUID | None, wall: datetime, utc_offset: timedelta | None = None,
    type_id: UUID | None = None, room_id: UUID | None = None, reason: str = "", now: datetime,
) -> Booked:  # fmt: skip
    """Promise a doctor's time to a patient, at a time of the doctor's clock, and make the record of it.

    Nobody is in two places: the constraints say so, and whoever wants the same time waits their turn before looking.
    What a patient books of a type that needs approval is pending: the time is reserved as for what is booked.
    Who is too late for certain is told so without waiting.
    Raises NotFound, NoSchedule, TimeNeverComes, TimeComesTwice, NotInTheFuture, OutsideAvailability, DoctorBusy,
    PatientBusy, RoomBusy; of a time that is shared OtherRoom, FullyBooked.
    """
    wish = wished(
        by=by, provider_id=provider_id, patient_id=patient_id, wall=wall, utc_offset=utc_offset, type_id=type_id,
        room_id=room_id, now=now,
    )  # fmt: skip
    return have_booked(by, have_time(by, wish, now), reason, now)


def have_time(by: Caller, wish: Wish, now: datetime) -> Appointment:
    """The row of what was wished, not yet saved, with its time reserved.

    Raises OutsideAvailability, DoctorBusy, and as `take` does.
    """
    must_be_free(wish, now)
    appointment = promised(wish)
    appointment.status = standing_for(by, wish.type)
    take(appointment)
    return appointment


def have_booked(by: Caller, appointment: Appointment, reason: str, now: datetime) -> Booked:
    """Write an appointment that has its time, as booked by the caller now."""
    appointment.booked_by, appointment.recorded_at, appointment.updated_at = by.account_id, now, now
    safe = patient_safe(current_organization_id(), appointment.patient_id)
    appointment.reason = safe.seal(appointment, "reason", reason) if reason else None
    return promise(by=by, appointment=appointment, reason=reason, said="appointment.booked", now=now)


def promise(*, by: Caller, appointment: Appointment, reason: str, said: str, now: datetime) -> Booked:
    """Write an appointment whose time is reserved, and the record of it, and tell whom it concerns.

    ``said`` is what the trail calls that.
    """
    patient = appointment.patient
    record = record_appointment(by=by, patient=patient, statement=said_of(appointment, reason), now=now)
    appointment.record_id = record.id
    appointment.save(force_insert=appointment._state.adding)
    keep(appointment, by=by, now=now)
    tell(Kind.BOOKED, appointment, by=by, now=now)
    audit.record(by, said, resource="appointments", resource_id=appointment.id, subjects=[patient.id])
    return Booked(appointment, record)


def standing_for(by: Caller, kind: AppointmentType | None) -> Status:
    """Where it stands once the caller has booked it: what patients book may need approval."""
    needs_approval = kind is not None and kind.needs_approval and by.scope("appointments", "create") is Scope.OWN
    return Status.PENDING if needs_approval else Status.BOOKED


def wished(
    *, by: Caller, provider_id: UUID, patient_id: UUID | None, wall: datetime, utc_offset: timedelta | None,
    type_id: UUID | None, room_id: UUID | None, now: datetime,
) -> Wish:  # fmt: skip
    """What the caller asks for, at the turn of everybody whom it needs. Raises as `book` does, but for who is busy."""
    needs = Needs(type_for(type_id), room_for(room_id))
    patient = patient_within(by, by.scope("appointments", "create"), patient_id or by.patient_id)
    wish = wish_for(doctor_for(by, provider_id), patient, needs, wall, utc_offset)
    if wish.starts_at <= now:
        raise NotInTheFuture
    if is_promised(wish.provider, wish.terms.reserved(wish.starts_at)):
        raise DoctorBusy
    wait_for_turn(wish, now)
    return wish


def wish_for(provider: Provider, patient: Patient, needs: Needs, wall: datetime, utc_offset: timedelta | None) -> Wish:
    """The wish for a time of the provider's clock. Raises NoSchedule, TimeNeverComes, TimeComesTwice."""
    schedule = schedule_of(provider)
    starts_at = instant_of(wall, ZoneInfo(schedule.time_zone), utc_offset)
    return Wish(provider, patient, schedule, terms_of(needs.type, schedule), starts_at, *needs)


def doctor_for(by: Caller, provider_id: UUID) -> Provider:
    """A doctor who works here. Raises NotPermitted, NotFound."""
    provider = provider_for(by, provider_id, role="doctor")
    if not provider.active:
        raise NotFound
    return provider


def type_for(type_id: UUID | None) -> AppointmentType | None:
    """The type of appointment that is asked for. Raises NotFound for one that is not offered."""
    return _offered(AppointmentType, type_id)


def room_for(room_id: UUID | None) -> Room | None:
    """The room that is asked for. Raises NotFound for one that is not in use."""
    return _offered(Room, room_id)


def _offered(model: type[Offered], row_id: UUID | None) -> Offered | None:
    if row_id is None:
        return None
    row = model._default_manager.filter(id=row_id, active=True).first()
    if row is None:
        raise NotFound
    return row


def wait_for_turn(wish: Wish, now: datetime) -> None:
    """Until this transaction ends, nobody else books whom and what the wish needs; of theirs no hold has expired."""
    numbers = [wish.provider.number, wish.patient.number, *([wish.room.number] if wish.room else [])]
    take_turns_freeing(numbers, now)


def must_be_free(wish: Wish, now: datetime, *, but_for: Appointment | None = None) -> None:
    """The time is one that is offered; whoever is moved may have their own. It must be the turn of whom it needs.

    Raises NotFound, OutsideAvailability, DoctorBusy.
    """
    day = wall_of(wish.starts_at, ZoneInfo(wish.schedule.time_zone)).date()
    availability = availability_of(schedule_by_now(wish.schedule), day, day)
    number, whole = wish.provider.number, wish.terms.reserved(wish.starts_at)
    taken = reserved(number, Of.PROVIDER, whole, but_for)
    shared = [group.span for group in groups_of(wish.type, [number], whole).values()]

    def fits(others: list[Span]) -> bool:
        return can_begin(
            wish.starts_at, availability=availability, terms=wish.terms, taken=others, shared=shared, now=now
        )

    if not fits(taken):
        raise DoctorBusy if fits([]) else OutsideAvailability


def promised(wish: Wish) -> Appointment:
    """The row of what was wished, not yet saved."""
    appointment = Appointment(provider=wish.provider, patient=wish.patient, type=wish.type, room=wish.room)
    appointment.put(wish.terms.span(wish.starts_at), wish.schedule.time_zone)
    return appointment


def said_of(appointment: Appointment, reason: str) -> Statement:
    """What the record of an appointment says."""
    title = appointment.type.name if appointment.type else "Appointment"
    return Statement(
        record_type=RecordType.APPOINTMENT, title=title, description=reason, clinical_status=appointment.status,
        occurred_at=appointment.starts_at, occurred_end=appointment.ends_at,
    )  # fmt: skip
