"""Forests of oblivious trees, tabulated: a row finds its leaf in each tree, and all else is looked up.

Sums are of whole numbers, in units of 2**-48. They are exact, so a row scores the same to the last bit whether it is
asked alone or among others, whatever order numpy adds in, and on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chiron.screening.model.shapley import contributions_of

UNIT = 2.0**-48
LARGEST = 2.0**13  # the sum of what a forest's largest leaves add: below it no sum leaves 63 bits
DEEPEST = 8  # a leaf's number fits a byte

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree whose every level asks one question (feature > border) of all its nodes.

    The first split answers the lowest bit of a leaf's number. Weights say how much of the training came to each leaf.
    """

    splits: tuple[tuple[int, float], ...]
    values: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        leaves = 1 << len(self.splits)
        if len(self.splits) > DEEPEST or len(self.values) != leaves or len(self.weights) != leaves:
            raise ValueError("a tree has 2**depth leaves, each with a value and a weight")
        if not np.isfinite([*self.values, *self.weights, *(border for _, border in self.splits)]).all():
            raise ValueError("a tree's numbers are finite")


def whole(numbers: Floats | Sequence[float]) -> NDArray[np.int64]:
    """Numbers in units of 2**-48."""
    return np.rint(np.asarray(numbers, np.float64) / UNIT).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Contributing:
    """What one feature adds, by tree that asks for it and by leaf."""

    trees: NDArray[np.intp]
    added: NDArray[np.int64]
    begins: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees and a bias, ready for looking up. Rows are (n, features), float64; a feature that is missing is nan.

    A missing feature answers "no" to every question, or "yes" for the features that `highest` names.
    """

    features: int
    highest: tuple[int, ...]
    borders: tuple[NDArray[np.float32], ...]  # of each feature, ascending
    questions: NDArray[np.intp]  # (levels, trees): which answer is a leaf's bit
    begins: NDArray[np.intp]  # (trees, 1): where a tree's leaves begin
    added: NDArray[np.int64]
    bias: int
    contributing: tuple[Contributing, ...]
    base: int

    @classmethod
    def of(cls, trees: Sequence[Tree], *, bias: float, features: int, highest: Sequence[int] = ()) -> Self:
        """Raises ValueError where a split names no feature, or where scores could grow out of 63 bits."""
        if sum(max(map(abs, tree.values)) for tree in trees) + abs(bias) >= LARGEST:
            raise ValueError("a forest's score stays below 8192")
        if not all(0 <= feature < features for tree in trees for feature, _ in tree.splits):
            raise ValueError("a split names one of the features")
        borders = [
            np.unique(np.array([border for tree in trees for at, border in tree.splits if at == feature], np.float32))
            for feature in range(features)
        ]
        first = np.cumsum([0, *map(len, borders)])
        levels = max((len(tree.splits) for tree in trees), default=0)
        questions = np.full((levels, len(trees)), first[-1], np.intp)  # past the last question nobody says yes
        added = np.zeros((len(trees), 1 << levels), np.int64)
        for number, tree in enumerate(trees):
            added[number, : len(tree.values)] = whole(tree.values)
            for level, (feature, border) in enumerate(tree.splits):
                questions[level, number] = first[feature] + np.searchsorted(borders[feature], np.float32(border))
        shares = [contributions_of(tree.splits, tree.values, tree.weights) for tree in trees]
        base = int(whole([expected for expected, _ in shares]).sum() + whole([bias])[0])
        contributing = tuple(_contributing(feature, [by for _, by in shares], levels) for feature in range(features))
        begins = (np.arange(len(trees)) << levels)[:, None]
        bias_ = int(whole([bias])[0])
        return cls(
            features, tuple(highest), tuple(borders), questions, begins, added.ravel(), bias_, contributing, base
        )

    def leaves(self, rows: Floats) -> NDArray[np.uint8]:
        """The number of each row's leaf in each tree, (trees, n). A border is compared with the feature as float32."""
        with np.errstate(over="ignore"):
            columns = np.array(rows.T, np.float32, order="C")
        for feature in self.highest:
            columns[feature, np.isnan(columns[feature])] = np.inf
        answers = np.zeros((sum(map(len, self.borders)) + 1, len(rows)), np.bool_)
        first = 0
        for column, borders in zip(columns, self.borders, strict=True):
            np.greater(column, borders[:, None], out=answers[first : first + len(borders)])
            first += len(borders)
        bits = answers.view(np.uint8)
        leaves = np.zeros((self.questions.shape[1], len(rows)), np.uint8)
        for asked in self.questions[::-1]:
            leaves += leaves
            leaves += bits[asked]
        return leaves

    def scores(self, leaves: NDArray[np.uint8]) -> Floats:
        """The raw score of each row, (n,), on the scale of log-odds."""
        sums = np.take(self.added, leaves + self.begins).sum(axis=0)
        return np.asarray((sums + self.bias) * UNIT)

    def contributions(self, leaves: NDArray[np.uint8]) -> Floats:
        """What each feature adds to a row's score, (n, features): with `expected`, they sum to the score."""
        sums = [np.take(each.added, leaves[each.trees] + each.begins).sum(axis=0) for each in self.contributing]
        return np.stack(sums, axis=1) * UNIT

    @property
    def expected(self) -> float:
        """What the forest scores when nothing is known."""
        return self.base * UNIT


def _contributing(feature: int, shares: Sequence[dict[int, Floats]], levels: int) -> Contributing:
    trees = [number for number, by_feature in enumerate(shares) if feature in by_feature]
    added = np.zeros((len(trees), 1 << levels), np.int64)
    for place, number in enumerate(trees):
        share = whole(shares[number][feature])
        added[place, : len(share)] = share
    return Contributing(np.array(trees, np.intp), added.ravel(), (np.arange(len(trees)) << levels)[:, None])
