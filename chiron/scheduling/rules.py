"""What follows from an appointment alone: what can become of it, and which instant a wall time means."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chiron.scheduling.errors import IllegalTransition, TimeComesTwice, TimeNeverComes
from chiron.scheduling.wallclock import instants_of
from chiron.scheduling.words import Status, Step

STEPS: dict[Step, tuple[frozenset[Status], Status]] = {
    Step.CONFIRM: (frozenset({Status.HELD}), Status.BOOKED),
    Step.APPROVE: (frozenset({Status.PENDING}), Status.BOOKED),
    Step.DECLINE: (frozenset({Status.PENDING}), Status.CANCELLED),
    Step.RESCHEDULE: (frozenset({Status.BOOKED}), Status.BOOKED),
    Step.CANCEL: (frozenset({Status.HELD, Status.PENDING, Status.BOOKED, Status.CHECKED_IN}), Status.CANCELLED),
    Step.CHECK_IN: (frozenset({Status.BOOKED}), Status.CHECKED_IN),
    Step.COMPLETE: (frozenset({Status.CHECKED_IN}), Status.FULFILLED),
    Step.NO_SHOW: (frozenset({Status.BOOKED}), Status.NO_SHOW),
    Step.UNDO_NO_SHOW: (frozenset({Status.NO_SHOW}), Status.BOOKED),
}
"""From which states each is possible, and where it leads."""


def after(step: Step, status: str) -> Status:
    """Where a step leads from there. Raises IllegalTransition with the steps that are possible."""
    possible, to = STEPS[step]
    if status not in possible:
        raise IllegalTransition(standing=status, allowed=steps_from(status))
    return to


def steps_from(status: str) -> list[str]:
    """The steps that are possible from there."""
    return [step.value for step, (possible, _) in STEPS.items() if status in possible]


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
