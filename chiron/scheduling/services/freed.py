"""Time that becomes free: the waitlist is asked about it, in the transaction that frees it."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.scheduling import tasks
from chiron.scheduling.fitting import Where
from chiron.scheduling.models import Appointment
from chiron.scheduling.services.expiry import end_expired
from chiron.scheduling.wallclock import DAY, wall_of


def freed(appointment: Appointment) -> None:
    """The time that an appointment has taken until now is offered to whoever waits for it."""
    day = wall_of(appointment.starts_at, ZoneInfo(appointment.zone)).date()
    reopened(appointment.provider_id, day - DAY, day + DAY)


def reopened(provider_id: UUID | None = None, first: date | None = None, last: date | None = None) -> None:
    """On these days, or on all, a provider or all of them may have time now that they had not before."""
    tasks.ask(Where(provider_id, first, last))


def clear_expired(numbers: Collection[int], now: datetime) -> None:
    """Take away the holds of these people and rooms that have expired. Their turn must be taken."""
    for each in end_expired(numbers, now):
        freed(each)
