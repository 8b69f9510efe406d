"""What follows from an appointment alone: what can become of it, and which instant a wall time means."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chiron.scheduling.errors import IllegalTransition, TimeComesTwice, TimeNeverComes
from chiron.scheduling.wallclock import instants_of
from chiron.scheduling.words import Status

FOLLOWS: dict[Status, frozenset[Status]] = {
    Status.HELD: frozenset({Status.BOOKED, Status.CANCELLED}),
    Status.BOOKED: frozenset({Status.BOOKED, Status.CHECKED_IN, Status.CANCELLED, Status.NO_SHOW}),
    Status.CHECKED_IN: frozenset({Status.FULFILLED, Status.CANCELLED}),
    Status.FULFILLED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.NO_SHOW: frozenset({Status.BOOKED}),
}
"""What can become of each; booked of booked is another time, booked of a no-show takes the no-show back."""


def must_follow(status: Status, to: Status) -> None:
    """Refuse what cannot become of it. Raises IllegalTransition."""
    if to not in FOLLOWS[status]:
        raise IllegalTransition(status=status.value, allowed=sorted(each.value for each in FOLLOWS[status]))


def instant_of(wall: datetime, zone: ZoneInfo, utc_offset: timedelta | None = None) -> datetime:
    """The instant that a wall time means, in UTC. Raises TimeNeverComes, TimeComesTwice."""
    passes = instants_of(wall, zone)
    if utc_offset is not None:
        passes = [each for each in passes if each.astimezone(zone).utcoffset() == utc_offset]
    if not passes:
        raise TimeNeverComes
    if len(passes) > 1:
        raise TimeComesTwice
    return passes[0]
