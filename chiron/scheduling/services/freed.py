"""Time that becomes free: the waitlist is asked about it, in the transaction that frees it."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from chiron.kernel.access import Caller
from chiron.kernel.ids import NIL
from chiron.scheduling import tasks
from chiron.scheduling.doors import appointment_for, numbers_of, unchanged
from chiron.scheduling.fitting import Where
from chiron.scheduling.models import Appointment
from chiron.scheduling.services.expiry import take_turns_of


def freed(appointment: Appointment) -> None:
    """The time that an appointment has taken until now is offered to whoever waits for it."""
    tasks.ask(Where.around(appointment))


def reopened(provider_id: UUID | None = None, first: date | None = None, last: date | None = None) -> None:
    """On these days, or on all, a provider or all of them may have time now that they had not before."""
    tasks.ask(Where(provider_id, first, last))


def take_turns_freeing(numbers: Iterable[int], now: datetime, *, but_for: UUID = NIL) -> None:
    """The same as `take_turns_of`, and what is freed by it is offered."""
    for each in take_turns_of(numbers, now, but_for=but_for):
        freed(each)


def appointment_freeing(by: Caller, appointment_id: UUID, action: str, *more: int, now: datetime) -> Appointment:
    """One appointment, as from `appointment_to_change`, with the time of those of it free of holds that have expired.

    Raises NotPermitted, NotFound, StaleVersion where it changed meanwhile.
    """
    seen = appointment_for(by, appointment_id, action)
    take_turns_freeing({*numbers_of(seen), *more}, now, but_for=seen.id)
    return unchanged(seen)
