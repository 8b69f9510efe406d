"""Whether those who are screened still look like those whom the model was trained on: the population stability index.

PSI = sum over bins of (now - then) * ln(now / then), over the tenths of the training (Siddiqi 2006, "Credit Risk
Scorecards"; a symmetric Kullback-Leibler divergence). A share of nothing counts as one in ten thousand.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

WARNING, ALARM = 0.10, 0.25
FEWEST = 300
"""Rows below which nothing is judged. Of n rows that did not drift, n * PSI over ten bins is about chi-squared with 9
degrees of freedom (Yurdakul & Naranjo 2020): with 300, one of 19 columns goes past 0.10 in fewer than 1 of 100 weeks
and past 0.25 practically never; with 100, it would raise a false warning more weeks than not."""
NOBODY = 1e-4


class Verdict(StrEnum):
    """What the largest index of a week says."""

    TOO_FEW = "too-few"
    STABLE = "stable"
    WARNING = "warning"
    ALARM = "alarm"


def reference_of(values: ArrayLike) -> dict[str, list[float]]:
    """What a bundle keeps of a column: the borders between its tenths, and the share in each bin.

    Borders are values that occur, and belong below; equal borders are one. The last share is of what is missing.
    """
    column = np.asarray(values, np.float64)
    present = column[~np.isnan(column)]
    edges = (
        np.unique(np.quantile(present, np.arange(1, 10) / 10, method="inverted_cdf")).tolist() if len(present) else []
    )
    return {"edges": edges, "shares": shares_of(column, edges)}


def shares_of(values: ArrayLike, edges: Sequence[float]) -> list[float]:
    """The share of a column in each bin between these borders, and of what is missing, in the end."""
    column = np.asarray(values, np.float64)
    missing = np.isnan(column)
    bins = np.where(missing, len(edges) + 1, np.searchsorted(edges, column, side="left"))
    counts = np.bincount(bins, minlength=len(edges) + 2)
    return [count / max(len(column), 1) for count in counts.tolist()]


def stability_index(then: Sequence[float], now: Sequence[float]) -> float:
    """The PSI of two lists of shares of the same bins. 0 is no change; it has no upper end."""
    before, after = np.maximum(then, NOBODY), np.maximum(now, NOBODY)
    return float(((after - before) * np.log(after / before)).sum())


def stability_of(columns: Mapping[str, ArrayLike], reference: Mapping[str, Any]) -> dict[str, float]:
    """The PSI of each column that the reference knows, by its name."""
    return {
        name: stability_index(known["shares"], shares_of(columns[name], known["edges"]))
        for name, known in reference.items()
        if name in columns
    }


def verdict_of(rows: int, indices: Mapping[str, float]) -> Verdict:
    """The worst column decides, once there are enough rows."""
    worst = max(indices.values(), default=0.0)
    if rows < FEWEST:
        return Verdict.TOO_FEW
    if worst >= ALARM:
        return Verdict.ALARM
    return Verdict.WARNING if worst >= WARNING else Verdict.STABLE
