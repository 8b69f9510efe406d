"""How rows are held out: by period where there are several, else by patient; never the same patient on both sides."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiron.screening.training.measures import Mask

PARTS = 5


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows that are trained on, and rows that are scored by what was trained."""

    trained: Mask
    held_out: Mask


def folds_of(
    periods: NDArray[np.str_], patients: NDArray[np.str_], outcome: Mask, *, seed: int
) -> tuple[str, list[Fold]]:
    """The way it is done, in words, and the folds: every row is held out once.

    A patient of the period that is held out is trained on in no other period either.
    """
    several = len(np.unique(periods)) > 1
    parts = periods if several else parts_of(patients, outcome, seed)
    way = "leave one period out" if several else f"{PARTS}-fold by patient (one period only)"
    found = []
    for part in np.unique(parts):
        held_out = parts == part
        trained = ~held_out & ~np.isin(patients, patients[held_out])
        found.append(Fold(trained, held_out))
    return way, found


def parts_of(patients: NDArray[np.str_], outcome: Mask, seed: int) -> NDArray[np.str_]:
    """A part per row, the same for all rows of one patient; patients with an event are dealt out evenly.

    (Uneven parts have base rates that run against those of what was trained on, which pushes AUCs below one half.)
    """
    distinct, rows = np.unique(patients, return_inverse=True)
    with_event = np.bincount(rows, weights=outcome) > 0
    drawn = [hashlib.sha256(f"{seed}\0{patient}".encode()).digest() for patient in distinct]
    part = np.zeros(len(distinct), dtype=np.intp)
    for among in (with_event, ~with_event):
        dealt = sorted(np.flatnonzero(among), key=drawn.__getitem__)
        part[dealt] = np.arange(len(dealt)) % PARTS
    return part.astype(np.str_)[rows]
