"""Wall time and instants: what the clock on the wall of a place shows, and when.

Hours recur on the wall clock ("Mondays from nine"), appointments happen at instants. Between the two stand the days on
which clocks are put forward or back: a wall time may then never come, or come twice. What comes twice is inside its
hours both times, what never comes inside none. Zones are IANA names with the rules of the time zone database.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From one instant until before another."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """From one wall time until before another; of the next day where that is not later."""

    start: time
    end: time

    def on(self, day: date) -> tuple[datetime, datetime]:
        """The wall times of those that begin on that day, without zone."""
        ends_on = day if self.start < self.end else day + DAY
        return datetime.combine(day, self.start), datetime.combine(ends_on, self.end)


def wall_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows then, without zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def instants_of(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """When the clock shows this: once, never or twice; in UTC, earliest first."""
    passes = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(instant for instant in passes if wall_of(instant, zone) == wall)


def spans_of(start: datetime, end: datetime, zone: ZoneInfo) -> list[Span]:
    """All instants at which the clock shows something from ``start`` until before ``end``."""
    found = []
    for offset, since, until in offsets_of(as_if_utc(start) - DAY, as_if_utc(end) + DAY, zone):
        first, last = max(since, as_if_utc(start - offset)), min(until, as_if_utc(end - offset))
        if first < last:
            found.append(Span(first, last))
    return union(found)


def union(spans: Iterable[Span]) -> list[Span]:
    """The instants in any of them, as spans that do not touch, earliest first."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.starts_at <= joined[-1].ends_at:
            joined[-1] = Span(joined[-1].starts_at, max(joined[-1].ends_at, span.ends_at))
        else:
            joined.append(span)
    return joined


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The instants in ``spans`` and in none of ``taken``, as spans that do not touch, earliest first."""
    left = union(spans)
    for away in union(taken):
        around = [
            piece
            for span in left
            for piece in (
                Span(span.starts_at, min(span.ends_at, away.starts_at)),
                Span(max(span.starts_at, away.ends_at), span.ends_at),
            )
        ]
        left = [piece for piece in around if piece.starts_at < piece.ends_at]
    return left


def within(span: Span, spans: Sequence[Span]) -> bool:
    """Whether one of these spans, which do not touch and are in order, holds all of it."""
    nearest = bisect_right(spans, span.starts_at, key=lambda each: each.starts_at) - 1
    return nearest >= 0 and span.ends_at <= spans[nearest].ends_at


def offsets_of(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[tuple[timedelta, datetime, datetime]]:
    """The zone's offsets from UTC, each with the instants between which it holds; it changes once an hour at most."""
    hours = [first + number * HOUR for number in range((last - first) // HOUR + 1)]
    runs_by = [_offset(hour, zone) for hour in hours]
    turns = [first]
    for hour, (before, after) in zip(hours, pairwise(runs_by), strict=False):
        if before != after:
            turns.append(_turn_after(hour, zone))
    for since, until in pairwise([*turns, last]):
        yield _offset(since, zone), since, until


def _turn_after(before: datetime, zone: ZoneInfo) -> datetime:
    """The second, within an hour, from which the clock runs by another offset."""
    was = _offset(before, zone)
    seconds = [before + timedelta(seconds=second) for second in range(3601)]
    return seconds[bisect_left(seconds, True, key=lambda second: _offset(second, zone) != was)]


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).replace(tzinfo=UTC) - instant


def as_if_utc(wall: datetime) -> datetime:
    """The instant at which a clock on UTC shows this: within a day of when any clock does."""
    return wall.replace(tzinfo=UTC)
