"""Pure rules: partial birth dates, and what a person's details hold."""

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from chiron.kernel.errors import invalid
from chiron.registry.models import Precision

PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
EARLIEST = 1850


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A birth date of which the day, or day and month, may be unknown; ``first`` is the first day it can mean."""

    first: date
    precision: Precision

    def __str__(self) -> str:
        length = {Precision.YEAR: 4, Precision.MONTH: 7, Precision.DAY: 10}[self.precision]
        return self.first.isoformat()[:length]

    @property
    def last(self) -> date:
        """The last day it can mean."""
        match self.precision:
            case Precision.YEAR:
                return self.first.replace(month=12, day=31)
            case Precision.MONTH:
                return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])
            case _:
                return self.first


def birth_date(text: str | None, place: str = "body") -> BirthDate | None:
    """Read ``1980``, ``1980-05`` or ``1980-05-17``. Raises Invalid for anything else, said in that place."""
    if not text:
        return None
    parts = PARTIAL.fullmatch(text)
    if parts is None:
        raise invalid("must be YYYY, YYYY-MM or YYYY-MM-DD", place, "birth_date")
    year, month, day = parts.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        raise invalid("is not a day of the calendar", place, "birth_date") from None
    if first.year < EARLIEST:
        raise invalid("is too long ago", place, "birth_date")
    return BirthDate(first, Precision.DAY if day else Precision.MONTH if month else Precision.YEAR)


EAST = timedelta(hours=14)
"""How far the clocks of the easternmost zone are ahead of UTC."""


def check_life(born: BirthDate | None, died: datetime | None, now: datetime) -> None:
    """Refuse a birth on a day that has begun nowhere yet, a death in the future, and a death before the birth."""
    today = (now + EAST).date()
    if born is not None and born.first > today:
        raise invalid("is in the future", "body", "birth_date")
    if died is not None and died > now:
        raise invalid("is in the future", "body", "deceased_at")
    if born is not None and died is not None and (died + EAST).date() < born.first:
        raise invalid("is before the birth", "body", "deceased_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is sealed about somebody: names and how to reach them."""

    family: str = ""
    given: list[str] = field(default_factory=list)
    prefix: str = ""
    other_names: list[str] = field(default_factory=list)
    telecom: list[dict[str, Any]] = field(default_factory=list)
    address: list[dict[str, Any]] = field(default_factory=list)
    language: str = ""

    @property
    def names(self) -> list[str]:
        """Everything under which somebody is searched."""
        return [name for name in (self.family, *self.given, *self.other_names) if name]

    @property
    def display(self) -> str:
        """The name as people write it."""
        return " ".join(part for part in (self.prefix, *self.given, self.family) if part)


CONTACT = frozenset({"telecom", "address", "language"})


def changes_only_contact(before: Person, after: Person) -> bool:
    """Whether two descriptions of somebody differ in nothing but how to reach them."""
    return all(getattr(before, name) == getattr(after, name) for name in Person.__slots__ if name not in CONTACT)


def overlap(a: tuple[date, date | None], b: tuple[date, date | None]) -> bool:
    """Whether two periods, both ends included and None for no end, share a day."""
    return (b[1] is None or a[0] <= b[1]) and (a[1] is None or b[0] <= a[1])


def adds_nothing(known: str | None, seen: bytes) -> bool:
    """Whether a JSON document says nothing beyond one already known.

    Many files mention one provider in passing, with less than the file about providers says: so their order, and how
    often they are imported, makes no difference.
    """
    return known is not None and _within(orjson.loads(seen), orjson.loads(known))


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _within(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return all(any(_within(each, other) for other in whole) for each in part)
    return bool(part == whole)
