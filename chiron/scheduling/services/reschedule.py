"""Another time for an appointment, which stays the same one."""

from datetime import datetime, timedelta
from uuid import UUID

from chiron.kernel.access import Caller, Scope
from chiron.kernel.versions import expect
from chiron.scheduling.errors import AlreadyBegun, NotInTheFuture, TooManyMoves
from chiron.scheduling.models import Appointment
from chiron.scheduling.rules import after
from chiron.scheduling.services.attend import is_late, settle, too_late
from chiron.scheduling.services.book import Needs, doctor_for, must_be_free, standing_for, wish_for
from chiron.scheduling.services.freed import appointment_freeing, freed
from chiron.scheduling.services.taking import exchange, raise_version
from chiron.scheduling.services.telling import tell_former_doctor
from chiron.scheduling.words import Choice, Step


def reschedule(
    *, by: Caller, appointment_id: UUID, wall: datetime, utc_offset: timedelta | None = None,
    provider_id: UUID | None = None, if_match: int | None, now: datetime,
) -> Appointment:  # fmt: skip
    """Move an appointment to another time, and to another doctor where one is named: it has the new time or keeps the
    old one, never both and never neither.

    It stays the same appointment, with its number and its record; its changes say where it was before. Patients move
    their own as long before as they may cancel them, and as often as its type says; what needs approval is pending
    again. Raises NotFound, StaleVersion, IllegalTransition, AlreadyBegun, TooLateToCancel, TooManyMoves, and as `book`
    does.
    """
    other = doctor_for(by, provider_id) if provider_id else None
    numbers = [other.number] if other else []
    appointment = appointment_freeing(by, appointment_id, "reschedule", *numbers, now=now)
    expect(appointment, if_match)
    after(Step.RESCHEDULE, appointment.status)
    must_be_movable(by, appointment, now)
    provider = other or appointment.provider
    needs = Needs(appointment.type, appointment.room)
    wish = wish_for(provider, appointment.patient, needs, wall, utc_offset)
    if wish.starts_at <= now:
        raise NotInTheFuture
    must_be_free(wish, now, but_for=appointment)
    raise_version(appointment)
    freed(appointment)
    former, appointment.provider = appointment.provider_id, provider
    appointment.put(wish.terms.span(wish.starts_at), wish.schedule.time_zone)
    appointment.moves += 1
    with exchange(appointment):
        settle(appointment, Step.RESCHEDULE, standing_for(by, appointment.type), by, now)
    if former != provider.id:
        tell_former_doctor(appointment, former, by=by, now=now)
    return appointment


def must_be_movable(by: Caller, appointment: Appointment, now: datetime) -> None:
    """It has not begun, and a patient is not too late and has not moved it too often.

    Raises AlreadyBegun, TooLateToCancel, TooManyMoves.
    """
    if now >= appointment.starts_at:
        raise AlreadyBegun
    if by.scope("appointments", "reschedule") is not Scope.OWN or appointment.decided == Choice.ASK:
        return
    if is_late(appointment, now):
        raise too_late(appointment)
    most = appointment.type.moves_at_most if appointment.type else None
    if most is not None and appointment.moves >= most:
        raise TooManyMoves(moves_at_most=most)
