"""What a later measurement says of a screening: the unit it comes in, the class it falls into, the share that agrees.

Pure functions.
"""

from collections.abc import Mapping
from decimal import Decimal
from math import sqrt

from chiron.screening.words import ResultClass

LOINC = "http://loinc.org"
CODES = tuple(f"{LOINC}|{code}" for code in ("2132-9", "14685-6"))
"""Vitamin B12 (cobalamin) in serum or plasma, as mass and as amount of substance by volume."""

PG_PER_ML: Mapping[str, Decimal] = {
    "pg/mL": Decimal(1),
    "ng/L": Decimal(1),
    "ng/dL": Decimal(10),
    "ug/L": Decimal(1000),
    "pmol/L": Decimal("1.35537"),
}
"""One of each UCUM unit, in pg/mL; cyanocobalamin weighs 1,355.37 g/mol."""

Z = 1.959963984540054
"""Two-sided 95 % of the normal distribution."""


def in_pg_per_ml(value: Decimal, unit: str) -> float | None:
    """A vitamin B12 in pg/mL; None for a unit that is not one of it."""
    factor = PG_PER_ML.get(unit)
    return None if factor is None else float(value * factor)


def measured_class(value: float, cutoffs: tuple[float, float]) -> ResultClass:
    """The class of a measured vitamin B12, by the cutoffs that a bundle was trained with, all in pg/mL."""
    low, high = cutoffs
    if value < low:
        return ResultClass.DEFICIENT
    return ResultClass.BORDERLINE if value < high else ResultClass.NORMAL


def wilson(agreeing: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), which stays within 0 and 1 and holds for few and for none.

    Raises ValueError for a share of nothing.
    """
    if not 0 <= agreeing <= of or of == 0:
        raise ValueError("a share is of something")
    share, square = agreeing / of, Z * Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)
