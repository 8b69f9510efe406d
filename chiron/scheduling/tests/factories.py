"""Short ways to say what the tests of scheduling say often. Everything happens at Hilltop, whose clock is Berlin's."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.identity.public import Role
from chiron.scheduling.models import Appointment, Reservation, Schedule, WaitlistEntry
from chiron.scheduling.services.book import Booked, book
from chiron.scheduling.services.hold import hold
from chiron.scheduling.services.waitlist import Wanted, join
from chiron.scheduling.wallclock import instants_of
from chiron.scheduling.words import WEEKDAYS
from tests.town import Clinic

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2031, 3, 3, 12, tzinfo=UTC)
"""A Monday."""


def berlin(text: str) -> datetime:
    """The instant at which Berlin's clock shows that, which it does once."""
    [instant] = instants_of(datetime.fromisoformat(text), BERLIN)
    return instant


def receives(provider_id: UUID, *pairs: tuple[str, str], minutes: int = 30) -> Schedule:
    """A provider who receives at those hours every day."""
    weekly = dict.fromkeys(WEEKDAYS, [list(pair) for pair in pairs or [("09:00", "17:00")]])
    return Schedule.objects.create(
        provider_id=provider_id, time_zone="Europe/Berlin", slot_minutes=minutes, weekly=weekly
    )


def booked(clinic: Clinic, at: str = "2031-03-04T10:00", role: Role = Role.RECEPTIONIST, **said: Any) -> Booked:
    """An appointment of the clinic's first patient with its first doctor."""
    wish: dict[str, Any] = {"provider_id": clinic.doctor_id, "patient_id": clinic.patient_id, "now": NOW}
    return book(by=clinic.who[role], **(wish | {"wall": datetime.fromisoformat(at)} | said))


def held(clinic: Clinic, at: str = "2031-03-04T10:00", role: Role = Role.RECEPTIONIST, **said: Any) -> Appointment:
    """Time that is held for the clinic's first patient with its first doctor."""
    wish: dict[str, Any] = {"provider_id": clinic.doctor_id, "patient_id": clinic.patient_id, "now": NOW}
    return hold(by=clinic.who[role], **(wish | {"wall": datetime.fromisoformat(at)} | said))


def waits(clinic: Clinic, role: Role = Role.RECEPTIONIST, patient_id: UUID | None = None, **said: Any) -> WaitlistEntry:
    """The clinic's first patient, or another, waits for time with the first doctor on the fourth of March."""
    wish: dict[str, Any] = {"first": date(2031, 3, 4), "last": date(2031, 3, 4), "provider_id": clinic.doctor_id}
    now = said.pop("now", NOW)
    return join(
        by=clinic.who[role], patient_id=patient_id or clinic.patient_id, wanted=Wanted(**(wish | said)), now=now
    )


def times() -> list[tuple[str, datetime, timedelta]]:
    """Whose time is reserved, from when and how long."""
    rows = Reservation.objects.order_by("starts_at", "of")
    return [(each.of, each.starts_at, each.ends_at - each.starts_at) for each in rows]
