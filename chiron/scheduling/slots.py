"""Slots: the beginnings that are offered, which are exactly those that can be booked.

One function answers both questions, what is free on a day and whether one beginning is, so they cannot disagree.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from chiron.scheduling.wallclock import DAY, Hours, Span, instants_of, spans_of, union, wall_of, within, without


@dataclass(frozen=True, slots=True)
class Availability:
    """When somebody receives, by the clock of ``zone``.

    ``weekly`` are the hours that begin on each weekday, Monday being 0, ``extra`` those of single days beside them.
    ``closed`` are wall times, from one until before another, of leave, half days and holidays; they may overlap and
    nothing opens what one of them closes. Beginnings are ``step`` apart on the clock, counted from where hours begin.
    """

    zone: ZoneInfo
    step: timedelta
    weekly: Mapping[int, Sequence[Hours]]
    extra: Sequence[tuple[date, Hours]] = ()
    closed: Sequence[tuple[datetime, datetime]] = ()

    def hours_on(self, day: date) -> list[Hours]:
        """The hours that begin on that day, before anything is closed."""
        return [*self.weekly.get(day.weekday(), ()), *(hours for when, hours in self.extra if when == day)]

    def open_around(self, day: date) -> list[Span]:
        """When they receive on that day and the days beside it."""
        return self.open_between(day - DAY, day + DAY)

    def open_between(self, first: date, last: date) -> list[Span]:
        """When they receive in the hours that begin on these days, both included."""
        days = [first + DAY * each for each in range((last - first).days + 1)]
        spans = [
            span for each in days for hours in self.hours_on(each) for span in spans_of(*hours.on(each), self.zone)
        ]
        return without(spans, [span for start, end in self.closed for span in spans_of(start, end, self.zone)])

    def beginnings_on(self, day: date) -> list[datetime]:
        """Where an appointment may begin on that day, open or not, as instants in order."""
        found = {
            instant
            for each in (day - DAY, day)
            for hours in self.hours_on(each)
            for wall in _steps(hours, each, self.step)
            if wall.date() == day
            for instant in instants_of(wall, self.zone)
        }
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a type of appointment asks for: its duration, what must be free ``before`` and ``after`` it, how long before
    it must be booked (``notice``, elapsed time) and how many days ahead it can be (``horizon``, on the clock)."""

    duration: timedelta
    before: timedelta = field(default_factory=timedelta)
    after: timedelta = field(default_factory=timedelta)
    notice: timedelta = field(default_factory=timedelta)
    horizon: timedelta = timedelta(days=365)

    def span(self, start: datetime) -> Span:
        """The appointment itself, which must lie in hours."""
        return Span(start, start + self.duration)

    def reserved(self, start: datetime) -> Span:
        """The appointment with what must be free around it, which may reach beyond hours."""
        return Span(start - self.before, start + self.duration + self.after)


@dataclass(frozen=True, slots=True)
class OpenDay:
    """What an availability comes to on a day, whatever is booked: when it is open around it, and where an appointment
    may begin."""

    spans: Sequence[Span]
    beginnings: Sequence[datetime]


def open_day(availability: Availability, day: date) -> OpenDay:
    """That day of an availability."""
    return OpenDay(availability.open_around(day), availability.beginnings_on(day))


def slots_on(
    day: date, *, availability: Availability, terms: Terms, taken: Iterable[Span], shared: Collection[Span] = (),
    now: datetime, opened: OpenDay | None = None,
) -> list[datetime]:  # fmt: skip
    """The beginnings that can be booked on that day of the provider's clock, as instants in order.

    ``taken`` are what is reserved for others, with what must be free around it. Those of them that are ``shared`` can
    be joined, by an appointment that takes exactly the same time. ``opened`` is the day, where it is known already.
    """
    opened, reserved = opened or open_day(availability, day), union(taken)
    last = wall_of(now, availability.zone) + terms.horizon
    return [
        start
        for start in opened.beginnings
        if now + terms.notice <= start
        and wall_of(start, availability.zone) <= last
        and within(terms.span(start), opened.spans)
        and (terms.reserved(start) in shared or clear(terms.reserved(start), reserved))
    ]


def can_begin(
    start: datetime, *, availability: Availability, terms: Terms, taken: Iterable[Span], shared: Collection[Span] = (),
    now: datetime,
) -> bool:  # fmt: skip
    """Whether an appointment can begin then: it is one of the slots of its day."""
    day = wall_of(start, availability.zone).date()
    return start in slots_on(day, availability=availability, terms=terms, taken=taken, shared=shared, now=now)


def _steps(hours: Hours, day: date, step: timedelta) -> Iterator[datetime]:
    wall, end = hours.on(day)
    while wall < end:
        yield wall
        wall += step


def clear(span: Span, reserved: Sequence[Span]) -> bool:
    """Whether nothing that is reserved lies in that span."""
    return all(span.ends_at <= each.starts_at or each.ends_at <= span.starts_at for each in reserved)
