"""Clocks whose rules change after time was promised: what was said stays, the instant follows (SCH-02).

A new time zone database may say that a place puts its clocks back on another day, or no more. Appointments to come
there were promised by the clock on the wall, and are kept by it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.kernel.access import Caller
from chiron.kernel.errors import DomainError
from chiron.scheduling.doors import appointment_to_change
from chiron.scheduling.errors import TimeNeverComes
from chiron.scheduling.models import Appointment
from chiron.scheduling.rules import instant_as_agreed
from chiron.scheduling.services.attend import settle
from chiron.scheduling.services.freed import freed
from chiron.scheduling.services.taking import exchange, raise_version
from chiron.scheduling.wallclock import Span
from chiron.scheduling.words import EXPECTED, Status, Step
from chiron.tenancy.public import inside


@dataclass(frozen=True, slots=True)
class Strayed:
    """An appointment whose instant is not what its clock will show as agreed; ``to`` is None where it never will."""

    id: UUID
    wall: datetime
    zone: str
    at: datetime
    to: datetime | None


Moved = tuple[Strayed, str]
"""What strayed, and the code of the refusal where it could not follow."""


def strayed(now: datetime) -> list[Strayed]:
    """The appointments to come that strayed, in an order in which they can follow one behind the other: those that
    become earlier by their time, then those that become later against it."""
    coming = Appointment.objects.filter(status__in=EXPECTED, starts_at__gt=now)
    columns = coming.values_list("id", "agreed_day", "agreed_time", "zone", "starts_at")
    found = []
    for appointment_id, day, time, zone, at in columns.iterator():
        wall = datetime.combine(day, time)
        to = instant_as_agreed(wall, ZoneInfo(zone), at)
        if to != at:
            found.append(Strayed(appointment_id, wall, zone, at, to))
    earlier = sorted((each for each in found if each.to and each.to < each.at), key=lambda each: each.at)
    later = sorted((each for each in found if each.to and each.to > each.at), key=lambda each: each.at, reverse=True)
    return [*earlier, *later, *(each for each in found if each.to is None)]


def follow_all(*, by: Caller, organization_id: UUID, found: Iterable[Strayed], now: datetime) -> Iterator[Moved]:
    """Let each follow its clock, in a transaction of its own; those in each other's way again once others are gone."""
    left = list(found)
    while left:
        outcomes = [(each, _followed(by, organization_id, each, now)) for each in left]
        refused = [(each, code) for each, code in outcomes if code]
        yield from ((each, "") for each, code in outcomes if not code)
        if len(refused) == len(left):
            yield from refused
            return
        left = [each for each, _ in refused]


def follow_clock(*, by: Caller, appointment_id: UUID, now: datetime) -> Appointment:
    """Let the instant of an appointment be what its clock will show as agreed; nothing of what was said changes.

    Raises NotFound, TimeNeverComes, and as `exchange` does where others have that time.
    """
    appointment = appointment_to_change(by, appointment_id, "reschedule")
    wall = datetime.combine(appointment.agreed_day, appointment.agreed_time)
    to = instant_as_agreed(wall, ZoneInfo(appointment.zone), appointment.starts_at)
    if to is None:
        raise TimeNeverComes
    if to == appointment.starts_at or appointment.status not in EXPECTED:
        return appointment
    raise_version(appointment)
    freed(appointment)
    itself = Span(to, to + (appointment.ends_at - appointment.starts_at))
    appointment.starts_at, appointment.ends_at = itself.starts_at, itself.ends_at
    with exchange(appointment):
        settle(appointment, Step.FOLLOW_CLOCK, Status(appointment.status), by, now)
    return appointment


def _followed(by: Caller, organization_id: UUID, each: Strayed, now: datetime) -> str:
    """An empty string, or the code of the refusal."""
    try:
        with inside(organization_id):
            follow_clock(by=by, appointment_id=each.id, now=now)
    except DomainError as refusal:
        return refusal.code
    return ""
