"""Days of many availabilities, worked out once for all servers that share a cache.

Hours, closures and the zone are all that a day follows from, and they are its key: who changes hours asks under another
key at once. What is booked has no part in it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from chiron.scheduling.slots import Availability, OpenDay, open_day
from chiron.scheduling.wallclock import Span
from chiron.tenancy.public import worked_out


def open_days(availabilities: Sequence[Availability], day: date) -> list[OpenDay]:
    """That day of each of them, in their order."""
    return [_heard(said) for said in worked_out("open day", _said, [(each, day) for each in availabilities])]


def _said(given: tuple[Availability, date]) -> dict[str, Any]:
    opened = open_day(*given)
    return {
        "spans": [[each.starts_at.isoformat(), each.ends_at.isoformat()] for each in opened.spans],
        "beginnings": [each.isoformat() for each in opened.beginnings],
    }


def _heard(said: dict[str, Any]) -> OpenDay:
    instant = datetime.fromisoformat
    spans = [Span(instant(starts_at), instant(ends_at)) for starts_at, ends_at in said["spans"]]
    return OpenDay(spans, [instant(each) for each in said["beginnings"]])
