"""Shapley values of an oblivious tree, for each of its leaves.

A feature that is not known is averaged over by the weights below a node (Lundberg, Erion & Lee 2018, "Consistent
Individualized Feature Attribution for Tree Ensembles", the path-dependent form; CatBoost's "ShapValues"). In an
oblivious tree the leaf alone decides them, so they are computed once per leaf and not once per row.
"""

from collections.abc import Sequence
from functools import cache
from math import factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def contributions_of(
    splits: Sequence[tuple[int, float]], values: Sequence[float], weights: Sequence[float]
) -> tuple[float, dict[int, Floats]]:
    """What a tree expects where nothing is known, and what each of its features adds, by leaf."""
    features = sorted({feature for feature, _ in splits})
    known = [
        sum(1 << level for level, (feature, _) in enumerate(splits) if subset >> features.index(feature) & 1)
        for subset in range(1 << len(features))
    ]
    expected = expectations(np.array(values), np.array(weights), len(splits))[known]
    added = (coalitions(len(features))[:, :, None] * expected).sum(axis=1)
    return float(expected[0, 0]), dict(zip(features, added, strict=True))


def expectations(values: Floats, weights: Floats, levels: int) -> Floats:
    """What a tree is expected to say, (which splits are known, leaf of the row): bit by bit as the splits' order.

    The last split is the root, so it is the first axis. From the leaves up, each level is either known, and its axis
    stays what the row answers, or averaged over.
    """
    said, weight = values.reshape((1, *[2] * levels)), weights.reshape([2] * levels)
    for axis in reversed(range(levels)):
        below = weight.sum(axis=axis, keepdims=True)
        sums = (said * weight).sum(axis=axis + 1, keepdims=True)
        averaged = np.divide(sums, below, out=np.zeros_like(sums), where=below > 0)  # nobody came here in training
        said = np.concatenate([np.broadcast_to(averaged, said.shape), said])
        weight = below
    return said.reshape(1 << levels, 1 << levels)


@cache
def coalitions(features: int) -> Floats:
    """Shapley's coefficients, (feature, subset of features as bits): what v(subset) counts for each feature."""
    found = np.zeros((features, 1 << features))
    for feature in range(features):
        for subset in range(1 << features):
            size = subset.bit_count()
            if subset >> feature & 1:
                found[feature, subset] = factorial(size - 1) * factorial(features - size) / factorial(features)
            else:
                found[feature, subset] = -factorial(size) * factorial(features - size - 1) / factorial(features)
    return found
