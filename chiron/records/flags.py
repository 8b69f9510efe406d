"""How a result lies to what is usual for somebody of that sex and age (REC-09): pure, but for the table of units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

from chiron.records.entries import Code, Quantity, ReferenceRange
from chiron.records.models import UsualRange
from chiron.records.ucum import convert
from chiron.records.words import AgeUnit, Flag


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day on which something can have been, where only a month or a year is known."""

    first: date
    last: date


def days_of(day: date, precision: str) -> Days:
    """The days that a date leaves open which is known to the day, the month or the year."""
    if precision == "year":
        return Days(day.replace(month=1, day=1), day.replace(month=12, day=31))
    if precision == "month":
        after = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
        return Days(day.replace(day=1), after - timedelta(days=1))
    return Days(day, day)


def age(born: date, on: date, unit: AgeUnit) -> int:
    """Completed days, months or years; who was born on February 29 is a year older on March 1."""
    if unit is AgeUnit.DAYS:
        return (on - born).days
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    return months if unit is AgeUnit.MONTHS else months // 12


def is_of_age(usual: UsualRange, born: Days | None, on: Days) -> bool:
    """Whether somebody certainly is of the age that a reference range is for."""
    if usual.age_from == 0 and usual.age_until is None:
        return True
    if born is None:
        return False
    unit = AgeUnit(usual.age_unit)
    youngest, oldest = age(born.last, on.first, unit), age(born.first, on.last, unit)
    return usual.age_from <= youngest and (usual.age_until is None or oldest < usual.age_until)


def range_for(ranges: Iterable[UsualRange], codes: Sequence[Code], sex: str, born: Days | None, on: Days) -> (
    UsualRange | None
):  # fmt: skip
    """The reference range that is meant for somebody: one for their sex before one for any, then the finest age."""
    named = {(code.system, code.code) for code in codes}
    meant = [
        usual
        for usual in ranges
        if (usual.code_system, usual.code) in named and usual.sex in ("", sex) and is_of_age(usual, born, on)
    ]
    finest = [AgeUnit.DAYS, AgeUnit.MONTHS, AgeUnit.YEARS]
    return min(meant, key=lambda usual: (usual.sex == "", finest.index(AgeUnit(usual.age_unit))), default=None)


def in_unit_of(usual: UsualRange, quantity: Quantity) -> Decimal | None:
    """A measured value in the unit of a reference range; None where that cannot be."""
    return convert(quantity.value, quantity.code, usual.unit, usual.molar_mass) if quantity.code else None


def flag_of(quantity: Quantity, own: ReferenceRange | None, usual: UsualRange | None) -> Flag | None:
    """The flag of a result by the range that came with it, or else by the organization's; None where neither says.

    Critical limits are the organization's. A value that equals a limit lies within it.
    """
    value = in_unit_of(usual, quantity) if usual else None
    if usual is not None and value is not None:
        if usual.critical_low is not None and value < usual.critical_low:
            return Flag.CRITICALLY_LOW
        if usual.critical_high is not None and value > usual.critical_high:
            return Flag.CRITICALLY_HIGH
    if own is not None:
        return lies(quantity.value, own.low, own.high)
    return lies(value, usual.low, usual.high) if usual is not None and value is not None else None


def lies(value: Decimal, low: Decimal | None, high: Decimal | None) -> Flag | None:
    if low is not None and value < low:
        return Flag.LOW
    if high is not None and value > high:
        return Flag.HIGH
    return None if low is None and high is None else Flag.NORMAL


def place_of(code_system: str, code: str, sex: str, age_unit: str) -> int:
    """A number that two reference ranges share where their ages must not overlap (SHA-256, 56 bits)."""
    parts = [part.encode() for part in (code_system, code, sex, age_unit)]
    digest = sha256(b"".join(len(part).to_bytes(4) + part for part in parts)).digest()
    return int.from_bytes(digest[:7])
