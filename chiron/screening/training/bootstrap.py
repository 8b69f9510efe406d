"""Intervals by drawing patients again: a patient's rows are drawn together or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiron.screening.training.measures import Floats

CELLS = 4_000_000
"""Draws × rows that are weighed at one time."""
INTERVAL = (0.025, 0.975)
ENOUGH = 0.95
"""The share of draws that must have had something to measure on, for an interval to be told."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and between which bounds 95 % of the draws lie; None where it could not be measured."""

    value: float | None
    low: float | None = None
    high: float | None = None


def drawn(patients: NDArray[np.str_], *, draws: int, seed: int) -> Iterator[Floats]:
    """Weights, some draws × rows at a time: how often the row's patient was drawn, with replacement."""
    distinct, rows = np.unique(patients, return_inverse=True)
    random = np.random.default_rng(seed)
    at_once = max(1, CELLS // max(1, len(patients)))
    for begin in range(0, draws, at_once):
        count = min(at_once, draws - begin)
        picks = random.integers(len(distinct), size=(count, len(distinct)))
        drawn_times = np.stack([np.bincount(each, minlength=len(distinct)) for each in picks])
        yield drawn_times[:, rows].astype(np.float64)


def figures(
    measure: Callable[[Floats], dict[str, Floats]], patients: NDArray[np.str_], *, draws: int, seed: int
) -> dict[str, Figure]:
    """Every value that the measure tells of a weighting: of all rows, with its interval over the draws.

    `measure` takes weights (draws × rows) and answers one value per draw by name.
    """
    if not len(patients):
        return {}
    values = measure(np.ones((1, len(patients))))
    parts = [measure(weights) for weights in drawn(patients, draws=draws, seed=seed)]
    return {
        name: Figure(known(float(value[0])), *bounds(np.concatenate([part[name] for part in parts])))
        for name, value in values.items()
    }


def bounds(values: Floats) -> tuple[float | None, float | None]:
    told = values[np.isfinite(values)]
    if not len(told) or len(told) < ENOUGH * len(values):
        return None, None
    low, high = np.quantile(told, INTERVAL)
    return float(low), float(high)


def known(value: float) -> float | None:
    return value if np.isfinite(value) else None
