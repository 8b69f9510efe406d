"""Periods: whole days, weeks (Monday to Sunday, ISO 8601) and months of the organization's clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class Grain(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Whole days, from the first to the last, both included."""

    first: date
    last: date

    @property
    def days(self) -> frozenset[date]:
        """Each of its days."""
        return frozenset(self.first + DAY * number for number in range((self.last - self.first).days + 1))

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """When it begins and when the next one does; a day on which the clock is changed has 23 or 25 hours."""
        return datetime.combine(self.first, time(), zone), datetime.combine(self.last + DAY, time(), zone)


def period_of(day: date, grain: Grain) -> Period:
    """The period in which a day lies."""
    match grain:
        case Grain.DAY:
            return Period(day, day)
        case Grain.WEEK:
            monday = day - DAY * day.weekday()
            return Period(monday, monday + 6 * DAY)
        case Grain.MONTH:
            first = day.replace(day=1)
            return Period(first, (first + 31 * DAY).replace(day=1) - DAY)


def periods_between(first: date, last: date, grain: Grain) -> Iterator[Period]:
    """All periods with a day of these, in order."""
    period = period_of(first, grain)
    while period.first <= last:
        yield period
        period = period_of(period.last + DAY, grain)
