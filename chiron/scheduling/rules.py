"""What follows from an appointment alone: what can become of it, and which instant a wall time means."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chiron.scheduling.errors import IllegalTransition, TimeComesTwice, TimeNeverComes
from chiron.scheduling.wallclock import DAY, instants_of, wall_of
from chiron.scheduling.words import Reckoning, Status, Step

LONGEST_SERIES = 52
"""Appointments; a year of weeks."""

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


OFFERED_FROM, OFFERED_UNTIL = time(8), time(20)
"""Between which times of the organization's clock offers are made: who is asleep cannot answer within the hour."""
ANSWER_WITHIN = timedelta(hours=1)
"""How long an offer holds its time: long enough to be noticed, short enough that a day has many."""


def offering_from(now: datetime, zone: ZoneInfo) -> datetime:
    """When offers may be made next: now, or when the night is over."""
    wall = wall_of(now, zone)
    if OFFERED_FROM <= wall.time() < OFFERED_UNTIL:
        return now
    day = wall.date() if wall.time() < OFFERED_FROM else wall.date() + DAY
    while not (mornings := instants_of(datetime.combine(day, OFFERED_FROM), zone)):
        day += DAY
    return mornings[0]


def days_of_series(first: date, *, every: int, count: int | None, until: date | None) -> list[date]:
    """The days of a series, ``every`` so many weeks: ``count`` of them, or up to ``until``.

    Never more than `LONGEST_SERIES`. Raises ValueError for a series that has more, no day, or days beyond the calendar.
    """
    weeks = 7 * every
    if count is None:
        count = ((until or first) - first).days // weeks + 1
    if not 1 <= count <= LONGEST_SERIES:
        raise ValueError(f"has no day, or more than {LONGEST_SERIES}")
    if first.toordinal() + weeks * count > date.max.toordinal():
        raise ValueError("goes beyond the calendar")
    return [first + timedelta(days=weeks * number) for number in range(count)]


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


def reminding_at(starts_at: datetime, minutes_before: int, reckoning: str, zone: ZoneInfo) -> datetime:
    """When to remind of an appointment: so much time before it, or at the same time of the clock so much earlier.

    Of a time of the clock that comes twice the first counts, and one that never comes is as long after the change as it
    would have been (PEP 495).
    """
    before = timedelta(minutes=minutes_before)
    if reckoning == Reckoning.ELAPSED:
        return starts_at - before
    return (wall_of(starts_at, zone) - before).replace(tzinfo=zone).astimezone(UTC)


def instant_as_agreed(wall: datetime, zone: ZoneInfo, standing: datetime) -> datetime | None:
    """The instant at which a clock will show what was agreed, nearest to where it stands; None where it never will."""
    return min(instants_of(wall, zone), key=lambda each: abs(each - standing), default=None)
