"""Each measure against the library's own, on random rows with ties; weights against rows written out."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score  # type: ignore[import-untyped]

from chiron.screening.training import measures
from chiron.screening.training.measures import Floats, Mask

RANDOM = np.random.default_rng(20)
PROBABILITY: Floats = np.clip(np.round(RANDOM.beta(2, 5, size=500), 2), 0.01, 0.99)
OUTCOME: Mask = RANDOM.random(500) < PROBABILITY
TIMES = RANDOM.integers(0, 4, size=500)
"""How often each row counts; the same rows written so often are the check."""
OFTEN_OUTCOME, OFTEN_PROBABILITY = np.repeat(OUTCOME, TIMES), np.repeat(PROBABILITY, TIMES)
WEIGHTS: Floats = np.stack([np.ones(500), TIMES]).astype(np.float64)


def test_the_auc_is_the_librarys_ties_included() -> None:
    found = measures.auc(OUTCOME, PROBABILITY, WEIGHTS)

    assert found[0] == pytest.approx(roc_auc_score(OUTCOME, PROBABILITY), abs=1e-12)
    assert found[1] == pytest.approx(roc_auc_score(OFTEN_OUTCOME, OFTEN_PROBABILITY), abs=1e-12)


def test_the_average_precision_is_the_librarys() -> None:
    found = measures.auprc(OUTCOME, PROBABILITY, WEIGHTS)

    assert found[0] == pytest.approx(average_precision_score(OUTCOME, PROBABILITY), abs=1e-12)
    assert found[1] == pytest.approx(average_precision_score(OFTEN_OUTCOME, OFTEN_PROBABILITY), abs=1e-12)


def test_the_brier_score_is_the_librarys_and_its_skill_is_zero_for_who_says_the_prevalence() -> None:
    found = measures.brier(OUTCOME, PROBABILITY, WEIGHTS)

    assert found[0] == pytest.approx(brier_score_loss(OUTCOME, PROBABILITY), abs=1e-12)
    assert found[1] == pytest.approx(brier_score_loss(OFTEN_OUTCOME, OFTEN_PROBABILITY), abs=1e-12)
    everybody = np.full(500, OUTCOME.mean())
    assert measures.brier_skill(OUTCOME, everybody, WEIGHTS[:1])[0] == pytest.approx(0, abs=1e-12)
    assert measures.brier_skill(OUTCOME, OUTCOME.astype(np.float64), WEIGHTS[:1])[0] == 1


def test_the_recalibration_is_the_librarys_unpenalized_regression() -> None:
    score = measures.logit(PROBABILITY)

    found = measures.recalibration(OUTCOME, score, WEIGHTS)

    for (slope, intercept), weights in zip(found, WEIGHTS, strict=True):
        library = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        library.fit(score[:, None], OUTCOME, sample_weight=weights)
        assert slope == pytest.approx(library.coef_[0, 0], abs=1e-4)
        assert intercept == pytest.approx(library.intercept_[0], abs=1e-4)


def test_the_slope_of_overconfident_probabilities_is_what_they_were_stretched_by() -> None:
    stretched = measures.expit(2 * measures.logit(PROBABILITY))
    as_they_are = measures.recalibration(OUTCOME, measures.logit(PROBABILITY), WEIGHTS)

    found = measures.recalibration(OUTCOME, measures.logit(stretched), WEIGHTS)

    assert found[:, 0] == pytest.approx(as_they_are[:, 0] / 2, abs=1e-6)
    assert found[:, 1] == pytest.approx(as_they_are[:, 1], abs=1e-6)


def test_a_recalibration_that_cannot_be_told_is_nan() -> None:
    score = np.linspace(-1, 1, 500)

    assert np.isnan(measures.recalibration(score > 0, score, WEIGHTS)).all()
    assert np.isnan(measures.recalibration(OUTCOME, np.zeros(500), WEIGHTS)).all()
    assert np.isnan(measures.recalibration(np.zeros(500, dtype=np.bool_), score, WEIGHTS)).all()


def test_the_intercept_in_the_large_is_the_shift_that_was_planted() -> None:
    right = measures.calibration_in_the_large(OUTCOME, measures.logit(PROBABILITY), WEIGHTS)

    shifted = measures.calibration_in_the_large(OUTCOME, measures.logit(PROBABILITY) + 0.7, WEIGHTS)

    assert shifted == pytest.approx(right - 0.7, abs=1e-6)


def test_what_a_threshold_does_is_counted_by_hand() -> None:
    outcome = np.array([True, True, False, False, False])
    probability = np.array([0.9, 0.1, 0.2, 0.2, 0.05])

    found = measures.at_threshold(outcome, probability, np.ones((1, 5)), 0.2)

    assert {name: float(value[0]) for name, value in found.items()} == pytest.approx(
        {
            "sensitivity": 1 / 2,
            "specificity": 1 / 3,
            "ppv": 1 / 3,
            "npv": 1 / 2,
            "net_benefit": 1 / 5 - 2 / 5 * 0.25,
            "net_benefit_all": 2 / 5 - 3 / 5 * 0.25,
        }
    )


def test_the_calibration_error_and_observed_over_expected_are_counted_by_hand() -> None:
    probability = np.repeat([0.2, 0.6], 50)
    outcome = np.concatenate([np.arange(50) % 10 < 3, np.arange(50) % 10 < 6])

    assert measures.observed_to_expected(outcome, probability, np.ones((1, 100)))[0] == pytest.approx(45 / 40)
    assert measures.ece(outcome, probability, np.ones((1, 100)))[0] == pytest.approx((0.1 + 0.0) / 2)


def test_nothing_to_measure_on_is_nan() -> None:
    nobody = np.zeros((1, 500))

    assert np.isnan(measures.auc(OUTCOME, PROBABILITY, nobody)).all()
    assert np.isnan(measures.auprc(OUTCOME, PROBABILITY, nobody)).all()
    assert np.isnan(measures.brier_skill(OUTCOME, PROBABILITY, nobody)).all()
    assert np.isnan(measures.auc(np.ones(500, dtype=np.bool_), PROBABILITY, WEIGHTS)).all()
