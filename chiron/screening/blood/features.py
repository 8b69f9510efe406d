"""What a model is asked about, in the one order in which it is asked."""

from math import nan

from chiron.screening.blood.analytes import ANALYTES
from chiron.screening.blood.reading import Count

FEATURES: tuple[str, ...] = (*ANALYTES, "age", "sex")
"""The analytes in canonical units, age in years, sex as 0 for male and 1 for female."""

SEXES = {"male": 0.0, "female": 1.0}


def features_of(count: Count, age: int, sex: str) -> tuple[float, ...]:
    """One row for a model; what was not measured, and a sex that no model knows, is NaN and never a silent zero."""
    return (*(count.get(name, nan) for name in ANALYTES), float(age), SEXES.get(sex, nan))
