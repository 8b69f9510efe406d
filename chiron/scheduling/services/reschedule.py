"""Another time for an appointment, which stays the same one."""

from datetime import datetime
from uuid import UUID

from chiron.kernel.access import Caller, Scope
from chiron.kernel.errors import NotFound
from chiron.kernel.versions import expect
from chiron.registry.public import provider_for
from chiron.scheduling.diary import schedule_of, terms_of
from chiron.scheduling.doors import appointment_to_change
from chiron.scheduling.errors import AlreadyBegun, NotInTheFuture, TooLateToCancel
from chiron.scheduling.models import Appointment
from chiron.scheduling.rules import after
from chiron.scheduling.services.attend import is_late, settle
from chiron.scheduling.services.book import Wish, must_be_free
from chiron.scheduling.services.taking import exchange, raise_version
from chiron.scheduling.words import Step


def reschedule(
    *, by: Caller, appointment_id: UUID, starts_at: datetime, provider_id: UUID | None = None, if_match: int | None,
    now: datetime,
) -> Appointment:  # fmt: skip
    """Move an appointment to another time, and to another doctor where one is named: it has the new time or keeps the
    old one, never both and never neither.

    Patients move their own as long before as they may cancel them. Raises NotFound, StaleVersion, IllegalTransition,
    AlreadyBegun, TooLateToCancel, and as `book` does.
    """
    to_provider = provider_for(by, provider_id, role="doctor") if provider_id else None
    if to_provider and not to_provider.active:
        raise NotFound
    more = [to_provider.number] if to_provider else []
    appointment = appointment_to_change(by, appointment_id, "reschedule", *more)
    expect(appointment, if_match)
    to = after(Step.RESCHEDULE, appointment.status)
    if now >= appointment.starts_at:
        raise AlreadyBegun
    if starts_at <= now:
        raise NotInTheFuture
    if is_late(appointment, now) and by.scope("appointments", "reschedule") is Scope.OWN:
        raise TooLateToCancel
    provider = to_provider or appointment.provider
    schedule = schedule_of(provider)
    terms = terms_of(appointment.type, schedule)
    wish = Wish(provider, appointment.patient, schedule, terms, starts_at, appointment.type, appointment.room)
    must_be_free(wish, now, but_for=appointment)
    raise_version(appointment)
    itself = terms.span(starts_at)
    appointment.provider, appointment.zone = provider, schedule.time_zone
    appointment.starts_at, appointment.ends_at = itself.starts_at, itself.ends_at
    appointment.moves += 1
    exchange(appointment)
    settle(appointment, Step.RESCHEDULE, to, by, now)
    return appointment
