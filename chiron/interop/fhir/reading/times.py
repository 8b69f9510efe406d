"""Dates and instants of FHIR R4, which may be partial."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chiron.interop.errors import Fault
from chiron.interop.fhir.reading.elements import Element
from chiron.records.public import Precision

MOMENT = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,12}))?"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?)?)?)?"
)
EARLIEST, LATEST = 1800, 2200


@dataclass(frozen=True, slots=True)
class Moment:
    """A time known to a precision: from `first` to `last`, both in UTC; equal when it is known exactly."""

    first: datetime
    last: datetime
    precision: Precision


@dataclass(frozen=True, slots=True)
class Span:
    """When something happened: a moment, or from one to another; either end may be unknown."""

    begins: Moment | None = None
    ends: Moment | None = None

    def __bool__(self) -> bool:
        return self.begins is not None or self.ends is not None


def moment(element: Element, name: str) -> Moment | None:
    """The date, dateTime or instant under this name (FHIR R4, Datatypes), between the years 1800 and 2200.

    A leap second counts as the second before. Raises Fault when it is malformed or has a time without an offset.
    """
    text = element.text(name)
    if not text:
        return None
    parts = MOMENT.fullmatch(text)
    if parts is None:
        raise Fault(f"{element.path}.{name} is not a FHIR date or time.")
    if parts["hour"] and not parts["offset"]:
        raise Fault(f"{element.path}.{name} has a time of day without an offset from UTC.")
    try:
        read = exact(text, parts) if parts["hour"] else partial(parts)
    except (ValueError, OverflowError):
        raise Fault(f"{element.path}.{name} is not in the calendar.") from None
    if not EARLIEST <= read.first.year <= LATEST:
        raise Fault(f"{element.path}.{name} is not between the years {EARLIEST} and {LATEST}.")
    return read


def exact(text: str, parts: re.Match[str]) -> Moment:
    second = "59" if parts["second"] == "60" else parts["second"]
    fraction = (parts["fraction"] or "0")[:6].ljust(6, "0")
    offset = "+00:00" if parts["offset"] == "Z" else parts["offset"]
    at = datetime.fromisoformat(f"{text[:17]}{second}.{fraction}{offset}").astimezone(UTC)
    return Moment(at, at, Precision.INSTANT)


def partial(parts: re.Match[str]) -> Moment:
    year, month, day = int(parts["year"]), int(parts["month"] or 1), int(parts["day"] or 1)
    first = datetime(year, month, day, tzinfo=UTC)
    if parts["day"]:
        last_day, precision = day, Precision.DAY
    elif parts["month"]:
        last_day, precision = monthrange(year, month)[1], Precision.MONTH
    else:
        month, last_day, precision = 12, 31, Precision.YEAR
    after = datetime(year, month, last_day, tzinfo=UTC) + timedelta(days=1)
    return Moment(first, after - timedelta(microseconds=1), precision)


def span(element: Element, name: str) -> Span:
    """The Period under this name. Raises Fault when it ends before it begins."""
    period = element.one(name)
    if period is None:
        return Span()
    begins, ends = moment(period, "start"), moment(period, "end")
    if begins is not None and ends is not None and ends.last < begins.first:
        raise Fault(f"{period.path} ends before it begins.")
    return Span(begins, ends)
