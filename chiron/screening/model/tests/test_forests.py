"""Tabulated forests say what CatBoost says: scores and contributions, real counts and absurd ones."""

from typing import Any

import numpy as np
import pytest
from catboost import Pool  # type: ignore[import-untyped]

from chiron.screening.model.bundles import Stage
from chiron.screening.model.exported import stage_of
from chiron.screening.model.forests import Floats, Forest, Tree
from chiron.screening.model.logistic import logistic
from chiron.screening.model.tests.factories import made_up, real_rows, trained

KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"depth": 1},
    {"depth": 6, "trees": 15},
    {"missing": 0.2},
    {"missing": 0.2, "nan_mode": "Max"},
)


def absurd(number: int) -> Floats:
    """Counts with holes and infinities, and values that lie on borders as float32 and not as float64."""
    rows = made_up(number, seed=11, missing=0.3)
    chance = np.random.default_rng(12)
    rows[chance.random(rows.shape) < 0.02] = np.inf
    rows[chance.random(rows.shape) < 0.02] = -1e300
    for feature, borders in enumerate(forest_of(trained(0)).borders):
        for place, border in enumerate(borders):
            rows[place * 16 + feature, feature] = float(border) + (place % 3 - 1) * 1e-10
    return rows


def forest_of(model: Any) -> Forest:
    return Stage.read(stage_of(model, a=1, b=0, base_rate=0.5), 16).forest


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_scores_are_catboosts(kind: dict[str, Any]) -> None:
    model, rows = trained(0, **kind), absurd(3000)

    forest = forest_of(model)

    theirs = model.predict(rows, prediction_type="RawFormulaVal", thread_count=1)
    assert np.abs(forest.scores(forest.leaves(rows)) - theirs).max() < 1e-9


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_contributions_are_catboosts_and_sum_to_the_score(kind: dict[str, Any]) -> None:
    model, rows = trained(0, **kind), absurd(800)
    forest = forest_of(model)
    leaves = forest.leaves(rows)

    ours = forest.contributions(leaves)

    theirs = model.get_feature_importance(Pool(rows), type="ShapValues", thread_count=1)
    assert np.abs(ours - theirs[:, :-1]).max() < 1e-9
    assert np.abs(forest.expected - theirs[:, -1]).max() < 1e-9
    assert np.abs(ours.sum(axis=1) + forest.expected - forest.scores(leaves)).max() < 1e-9


def test_real_counts_score_as_catboost_scores_them() -> None:
    rows = real_rows()
    if rows is None:
        pytest.skip("the outside data are not there: shared/data/nhanes beside the project")
    model = trained(0, missing=0.2)
    forest = forest_of(model)
    leaves = forest.leaves(rows)

    scores, added = forest.scores(leaves), forest.contributions(leaves)

    theirs = model.get_feature_importance(Pool(rows), type="ShapValues", thread_count=1)
    assert len(rows) == 9567
    assert np.abs(scores - model.predict(rows, prediction_type="RawFormulaVal")).max() < 1e-9
    assert np.abs(added - theirs[:, :-1]).max() < 1e-9


def test_a_tree_computed_by_hand() -> None:
    """One split over feature 0, known to 3 of 4: 10 where it is high, 2 where it is low, 4 to be expected."""
    tree = Tree(splits=((0, 1.5),), values=(2.0, 10.0), weights=(3.0, 1.0))
    forest = Forest.of([tree], bias=0.5, features=2)
    leaves = forest.leaves(np.array([[1.0, 0], [2.0, 0], [np.nan, 0]]))

    assert forest.expected == 4.5
    assert forest.scores(leaves).tolist() == [2.5, 10.5, 2.5]
    assert forest.contributions(leaves).tolist() == [[-2.0, 0.0], [6.0, 0.0], [-2.0, 0.0]]


def test_a_missing_feature_is_the_highest_where_training_held_it_so() -> None:
    tree = Tree(splits=((0, 1.5),), values=(2.0, 10.0), weights=(3.0, 1.0))
    rows = np.array([[np.nan]])

    forest = Forest.of([tree], bias=0.0, features=1, highest=[0])

    assert forest.scores(forest.leaves(rows)).tolist() == [10.0]
    assert np.isnan(rows).all()


def test_a_forest_without_trees_says_its_bias() -> None:
    forest = Forest.of([], bias=-1.25, features=2)
    leaves = forest.leaves(np.zeros((3, 2)))

    assert forest.scores(leaves).tolist() == [-1.25] * 3
    assert forest.contributions(leaves).tolist() == [[0.0, 0.0]] * 3


@pytest.mark.parametrize(
    ("splits", "values", "weights"),
    [
        (((0, 1.0),), (1.0,), (1.0, 1.0)),
        (((0, 1.0),), (1.0, float("nan")), (1.0, 1.0)),
        (((0, float("inf")),), (1.0, 1.0), (1.0, 1.0)),
        (((0, 1.0),) * 9, (1.0,) * 512, (1.0,) * 512),
    ],
)
def test_what_is_no_tree_is_refused(splits: Any, values: Any, weights: Any) -> None:
    with pytest.raises(ValueError, match=r"^a tree"):
        Tree(splits=splits, values=values, weights=weights)


def test_a_forest_whose_sums_could_overflow_is_refused() -> None:
    tree = Tree(splits=(), values=(5000.0,), weights=(1.0,))

    with pytest.raises(ValueError, match="stays below 8192"):
        Forest.of([tree, tree], bias=0.0, features=1)


def test_a_split_over_no_feature_is_refused() -> None:
    tree = Tree(splits=((16, 1.0),), values=(0.0, 1.0), weights=(1.0, 1.0))

    with pytest.raises(ValueError, match="names one of the features"):
        Forest.of([tree], bias=0.0, features=16)


def test_the_logistic_function_is_right_to_the_last_digits() -> None:
    scores = np.concatenate([np.linspace(-40, 40, 4001), [-1e9, -500, 0, 500, 1e9]])

    found = logistic(scores)

    right = 1 / (1 + np.exp(-np.clip(scores, -500, 500).astype(np.longdouble)))
    assert np.abs(found / right - 1).max() < 1e-15
    assert found[4003] == 0.5
