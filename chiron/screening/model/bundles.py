"""A model as it is served: two stages, where it holds, what it was trained on, and the hash of all that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chiron.screening.model.forests import Floats, Forest, Tree
from chiron.screening.model.logistic import logistic

SCORES = ("p_normal", "p_borderline", "p_deficient")


@dataclass(frozen=True, slots=True)
class Shares:
    """What a stage's score is made of: `base` and what each feature adds sum to `score`, as log-odds."""

    base: float
    values: tuple[float, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Contributions:
    """A row's shares, stage by stage."""

    stages: tuple[Shares, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A forest and its Platt calibration: the probability is logistic(a * score + b).

    `seen_missing` are the features that were missing in training: for them alone the trees know what missing means.
    """

    forest: Forest
    a: float
    b: float
    base_rate: float
    seen_missing: frozenset[int]

    @classmethod
    def read(cls, content: Mapping[str, Any], features: int) -> Self:
        """A stage from its content. Raises KeyError, TypeError or ValueError where it is not one."""
        trees = [
            Tree(
                splits=tuple((int(feature), float(border)) for feature, border in tree["splits"]),
                values=tuple(map(float, tree["leaf_values"])),
                weights=tuple(map(float, tree["leaf_weights"])),
            )
            for tree in content["trees"]
        ]
        highest, lowest = content["missing_highest"], content["missing_lowest"]
        forest = Forest.of(trees, bias=float(content["bias"]), features=features, highest=highest)
        a, b, rate = float(content["platt"]["a"]), float(content["platt"]["b"]), float(content["base_rate"])
        if not np.isfinite([a, b]).all() or not 0 < rate < 1:
            raise ValueError("a calibration is finite, and a base rate lies between 0 and 1")
        return cls(forest, a, b, rate, frozenset([*highest, *lowest]))

    def probabilities(self, leaves: NDArray[np.uint8]) -> Floats:
        return logistic(self.a * self.forest.scores(leaves) + self.b)

    def asks_for(self, feature: int) -> bool:
        return len(self.forest.borders[feature]) > 0


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """Stage 1 says whether B12 is low (below the upper cutoff), stage 2 whether what is low is below the lower one.

    Rows are (n, features) in the order of `features`; what is missing is nan. `boxes` are by feature the lowest and
    the highest value that the training saw; `reference` is what drift is measured against (see drift.py).
    """

    content_hash: str
    name: str
    version: str
    features: tuple[str, ...]
    stages: tuple[Stage, Stage]
    thresholds: Mapping[str, Any]
    boxes: Mapping[str, tuple[float, float]]
    reference: Mapping[str, Any]
    gate: Mapping[str, Any]
    label: Mapping[str, Any]
    training: Mapping[str, Any]
    card: Mapping[str, Any]

    @classmethod
    def read(cls, content: Mapping[str, Any], content_hash: str) -> Self:
        """A bundle from its content. Raises KeyError, TypeError or ValueError where it is not one."""
        features = tuple(map(str, content["features"]))
        first, second = (Stage.read(stage, len(features)) for stage in content["stages"])
        boxes = {str(name): (float(low), float(high)) for name, (low, high) in content["boxes"].items()}
        if boxes.keys() != set(features):
            raise ValueError("every feature has its box")
        return cls(
            content_hash=content_hash,
            name=str(content["name"]),
            version=str(content["version"]),
            features=features,
            stages=(first, second),
            boxes=boxes,
            **{each: dict(content[each]) for each in ("thresholds", "reference", "gate", "label", "training", "card")},
        )

    def probabilities(self, rows: ArrayLike) -> Floats:
        """(n, 3): normal, borderline, deficient; they sum to 1 within 1e-12.

        A row's answer is the same to the last bit whether it is asked alone or among others.
        """
        rows = self._rows(rows)
        low, deficient = (stage.probabilities(stage.forest.leaves(rows)) for stage in self.stages)
        return np.stack([1.0 - low, low * (1.0 - deficient), low * deficient], axis=1)

    def contributions(self, row: ArrayLike) -> Contributions:
        """What each feature adds to the score of each stage, before calibration."""
        rows = self._rows(np.asarray(row)[None])
        found = []
        for stage in self.stages:
            leaves = stage.forest.leaves(rows)
            added, score = stage.forest.contributions(leaves)[0], stage.forest.scores(leaves)[0]
            found.append(Shares(stage.forest.expected, tuple(added.tolist()), float(score)))
        return Contributions(tuple(found))

    def contributions_of(self, rows: ArrayLike) -> Floats:
        """(n, stages, features + 1): for many rows; the last is the stage's base."""
        rows = self._rows(rows)
        return np.stack([_with_base(stage.forest, rows) for stage in self.stages], axis=1)

    @property
    def needed(self) -> list[str]:
        """The features without which it says nothing: its trees ask for them, and nobody trained on lacked them."""
        return [name for number, name in enumerate(self.features) if self._never_missing(number)]

    def outside(self, row: ArrayLike) -> list[str]:
        """The features of a row of which the training says nothing: out of its box, or missing where none ever was."""
        (values,) = self._rows(np.asarray(row)[None])
        return [
            name
            for number, (name, value) in enumerate(zip(self.features, values.tolist(), strict=True))
            if (self._never_missing(number) if np.isnan(value) else not self._in_box(name, value))
        ]

    def _in_box(self, name: str, value: float) -> bool:
        low, high = self.boxes[name]
        return low <= value <= high

    def _never_missing(self, feature: int) -> bool:
        return any(stage.asks_for(feature) and feature not in stage.seen_missing for stage in self.stages)

    def _rows(self, rows: ArrayLike) -> Floats:
        found = np.asarray(rows, np.float64)
        if found.ndim != 2 or found.shape[1] != len(self.features):
            raise ValueError(f"rows have {len(self.features)} features")
        return found


def _with_base(forest: Forest, rows: Floats) -> Floats:
    added = forest.contributions(forest.leaves(rows))
    return np.concatenate([added, np.full((len(rows), 1), forest.expected)], axis=1)
