"""One stage: the same rows make the same trees, no patient on both sides, and no more trees than are worth it."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chiron.screening.training.errors import TrainingRefused
from chiron.screening.training.fitting import Setting, fit_stage, platt, smallest_of_the_good
from chiron.screening.training.folds import PARTS, folds_of
from chiron.screening.training.measures import Floats, Mask, auc, expit, logit, recalibration

RANDOM = np.random.default_rng(5)
FEATURES: Floats = RANDOM.normal(size=(1200, 3))
CHANCE: Floats = expit(1.5 * FEATURES[:, 0] - 0.5)
OUTCOME: Mask = RANDOM.random(1200) < CHANCE
PATIENTS = np.array([f"patient {number // 2}" for number in RANDOM.permutation(1200)])
PERIODS = RANDOM.choice(["2021", "2022", "2023"], size=1200).astype(np.str_)
ONE_PERIOD = np.full(1200, "2021")
NOISE: Floats = RANDOM.normal(-0.001, 0.1, size=100)
SMALL, LARGE = Setting(trees=20, depth=1, rate=0.2), Setting(trees=40, depth=2, rate=0.2)


@pytest.mark.parametrize("periods", [PERIODS, ONE_PERIOD], ids=["by period", "by patient"])
def test_no_patient_is_on_both_sides_of_a_fold(periods: NDArray[np.str_]) -> None:
    _, folds = folds_of(periods, PATIENTS, OUTCOME, seed=0)

    for fold in folds:
        assert not set(PATIENTS[fold.trained]) & set(PATIENTS[fold.held_out])
    assert np.sum([fold.held_out for fold in folds], axis=0).tolist() == [1] * 1200


def test_a_period_is_held_out_whole_and_one_period_alone_is_held_out_by_patient() -> None:
    way, by_period = folds_of(PERIODS, PATIENTS, OUTCOME, seed=0)
    assert way == "leave one period out"
    assert [set(PERIODS[fold.held_out]) for fold in by_period] == [{"2021"}, {"2022"}, {"2023"}]

    way, by_patient = folds_of(ONE_PERIOD, PATIENTS, OUTCOME, seed=0)

    assert way == "5-fold by patient (one period only)"
    assert len(by_patient) == PARTS
    ill = np.unique(PATIENTS[OUTCOME])
    held_out = [np.isin(ill, PATIENTS[fold.held_out]).sum() for fold in by_patient]
    assert max(held_out) - min(held_out) <= 1


def test_the_same_rows_make_the_same_trees(tmp_path: Path) -> None:
    _, folds = folds_of(PERIODS, PATIENTS, OUTCOME, seed=0)
    exported = []
    for name in ("first", "second"):
        fitted = fit_stage(FEATURES, OUTCOME, folds, seed=0, grid=(SMALL,))
        fitted.model.save_model(str(tmp_path / name), format="json")
        trees = json.loads((tmp_path / name).read_text(encoding="utf-8"))["oblivious_trees"]
        exported.append((trees, fitted.slope, fitted.intercept, fitted.threshold))

    assert exported[0] == exported[1]


def test_what_is_said_of_rows_held_out_is_calibrated_and_ranks_them() -> None:
    _, folds = folds_of(PERIODS, PATIENTS, OUTCOME, seed=0)

    fitted = fit_stage(FEATURES, OUTCOME, folds, seed=0, grid=(SMALL, LARGE))

    said = expit(fitted.slope * fitted.held_out + fitted.intercept)
    ones = np.ones((1, 1200))
    slope, intercept = recalibration(OUTCOME, logit(said), ones)[0]
    assert (slope, intercept) == (pytest.approx(1, abs=1e-5), pytest.approx(0, abs=1e-5))
    assert auc(OUTCOME, said, ones)[0] > 0.75
    assert (said[OUTCOME] >= fitted.threshold).mean() == pytest.approx(0.9, abs=0.02)
    assert [each["trees"] for each in fitted.tried] == [20, 40]


def test_scores_that_rank_the_wrong_way_get_no_weight() -> None:
    slope, intercept = platt(-FEATURES[:, 0], OUTCOME)

    assert (slope, expit(np.array([intercept]))[0]) == (0.0, pytest.approx(OUTCOME.mean()))


def test_a_larger_setting_must_be_better_by_more_than_its_error() -> None:
    even = np.tile([0.1, 0.3], 50)

    assert smallest_of_the_good({SMALL: even, LARGE: even + NOISE - NOISE.mean() - 0.001}) == SMALL
    assert smallest_of_the_good({SMALL: even, LARGE: even - 0.05}) == LARGE


def test_too_few_events_are_refused() -> None:
    outcome = np.arange(1200) < 11
    _, folds = folds_of(ONE_PERIOD, PATIENTS, outcome, seed=0)

    with pytest.raises(TrainingRefused, match="10 events"):
        fit_stage(FEATURES, outcome, folds, seed=0, grid=(SMALL,))
