"""What a model learns to say: serum B12 by which assay, in which unit, below which cutoffs; versioned by what it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiron.screening.training.errors import TrainingRefused
from chiron.screening.training.measures import Floats, Mask

PG_PER_ML: Mapping[str, float] = {"pg/mL": 1.0, "pmol/L": 1.35537}
"""One of the unit, in pg/mL: cyanocobalamin weighs 1,355.37 g/mol."""


@dataclass(frozen=True, slots=True)
class Equation:
    """One assay's value turned into another's, both in pg/mL: 10 ** (slope * log10(value) + intercept).

    Without a period it holds for every row that no other equation names.
    """

    slope: float
    intercept: float
    period: str | None = None

    def applied(self, values: Floats) -> Floats:
        result: Floats = 10 ** (self.slope * np.log10(values) + self.intercept)
        return result


@dataclass(frozen=True, slots=True)
class Label:
    """Deficient below the first cutoff, borderline below the second, in pg/mL of the assay named."""

    unit: str
    assay: str
    cutoffs: tuple[float, float]
    equations: tuple[Equation, ...] = ()

    def __post_init__(self) -> None:
        low, high = self.cutoffs
        if self.unit not in PG_PER_ML:
            raise TrainingRefused(f"The unit of the label is one of {', '.join(PG_PER_ML)}.")
        if not 0 < low < high:
            raise TrainingRefused("The cutoffs are two rising values, as in 200,300.")
        if not self.assay.strip():
            raise TrainingRefused("The assay has a name: cutoffs mean nothing without it.")

    def in_pg_per_ml(self, given: Floats, periods: NDArray[np.str_]) -> Floats:
        """The values of the assay named, from what the file holds."""
        values = given * PG_PER_ML[self.unit]
        known = {each.period: each for each in self.equations}
        for period in np.unique(periods):
            equation = known.get(str(period), known.get(None))
            if equation is not None:
                values[periods == period] = equation.applied(values[periods == period])
        return values

    def stages(self, b12: Floats) -> list[tuple[str, Mask, Mask]]:
        """Per stage: the question, the rows that it is asked of, and the answer of every row."""
        low, high = self.cutoffs
        everyone = np.ones(len(b12), dtype=np.bool_)
        return [
            (f"serum B12 below {high:g} pg/mL", everyone, b12 < high),
            (f"serum B12 below {low:g} pg/mL, of those below {high:g}", b12 < high, b12 < low),
        ]

    def as_data(self) -> dict[str, Any]:
        """What the bundle keeps: two models with the same definition answer the same question."""
        low, high = self.cutoffs
        return {
            "analyte": "serum vitamin B12 (LOINC 2132-9)",
            "assay": self.assay,
            "unit": "pg/mL",
            "cutoffs": [low, high],
            "version": f"serum-b12/{self.assay}/{low:g}-{high:g}/1",
        }
