"""Units as UCUM 2.2 writes them: which there are, and numbers from one into another.

The table is loaded when the first unit is converted, which takes about a second; the grammar, which takes half of that,
is read with the first unit that is looked at, and once: read for every value, it was most of what a result cost.
Conversions are made in decimal numbers, rounded to 15 significant digits: 5.5 mmol/L are exactly 5500 umol/L.
"""

import re
from decimal import Context, Decimal
from functools import cache, lru_cache
from threading import RLock
from typing import Any, NamedTuple

DIGITS = Context(prec=15)
TABLE = RLock()  # pint's registry fills its caches while it converts


def is_unit(code: str) -> bool:
    """Whether this is a unit of UCUM, in its case-sensitive form: mg/dL and mm[Hg], not mmHg."""
    from ucumvert import InvalidUcumError, parse_ucum  # type: ignore[import-untyped]

    with TABLE:
        try:
            parse_ucum(code, _parser())
        except InvalidUcumError:
            return False
    return True


def convert(value: Decimal, source: str, target: str, molar_mass: Decimal | None = None) -> Decimal | None:
    """A value in another unit; None where the units do not measure the same thing.

    With a molar mass, in g/mol, a mass becomes an amount of substance and the other way round.
    """
    if source == target:
        return value
    with TABLE:
        found = _converted(value, source, target)
        if found is None and molar_mass:
            mass, amount = (_converted(value, source, f"({target}){by}(g/mol)") for by in "./")
            found = mass / molar_mass if mass is not None else amount and amount * molar_mass
    return None if found is None else DIGITS.plus(found)


class Unit(NamedTuple):
    """A unit of pint, and the number before it: "/100" is a hundredth of one."""

    number: Decimal
    units: Any


def _converted(value: Decimal, source: str, target: str) -> Decimal | None:
    from pint import PintError

    one, other = _parsed(source), _parsed(target)
    if one is None or other is None:
        return None
    try:
        found = _table().Quantity(value * one.number, one.units).to(other.units)
        return Decimal(found.magnitude) / other.number
    except (PintError, ArithmeticError, TypeError):  # another dimension, no measure, or a power beyond all measure
        return None


ANNOTATION = re.compile(r"(?P<alone>^|[./(])?\{[^{}]*\}")


@lru_cache(maxsize=4096)
def _parsed(code: str) -> Unit | None:
    """What a unit means. Annotations mean nothing: {cells}/uL is 1/uL."""
    from lark.exceptions import LarkError

    meant = ANNOTATION.sub(lambda found: found["alone"] + "1" if found["alone"] is not None else "", code)
    try:
        read = _table().from_ucum(meant)
    except (LarkError, ArithmeticError):
        return None
    if isinstance(read, int | float):
        return Unit(Decimal(repr(read)), "")
    if not hasattr(read, "dimensionality"):
        return None
    return Unit(Decimal(repr(getattr(read, "magnitude", 1))), getattr(read, "units", read))


@cache
def _parser() -> Any:
    from ucumvert import get_ucum_parser

    return get_ucum_parser()


@cache
def _table() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry(non_int_type=Decimal)
