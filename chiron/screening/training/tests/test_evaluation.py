"""The points of the plots, and what an answer is worth where so many have it."""

import numpy as np
import pytest

from chiron.screening.training.bootstrap import Figure
from chiron.screening.training.evaluation import Asked, calibration, decision, evaluated, predictive_values, roc
from chiron.screening.training.measures import Floats, Mask

RANDOM = np.random.default_rng(11)
PROBABILITY: Floats = RANDOM.beta(2, 4, size=900)
OUTCOME: Mask = RANDOM.random(900) < PROBABILITY


def asked_about(outcome: Mask, probability: Floats) -> Asked:
    patients = np.array([f"patient {number}" for number in range(len(outcome))], dtype=np.str_)
    group = np.array(["a" if number % 25 else "b" for number in range(len(outcome))], dtype=np.str_)
    return Asked(1, "is it?", outcome, probability, 0.3, patients, {"itself": probability}, {"site": group})


def test_ppv_is_what_the_published_point_comes_to_at_each_prevalence() -> None:
    told = {"sensitivity": Figure(0.92), "specificity": Figure(0.67)}

    found = [(each["prevalence"], round(each["ppv"] or 0, 3)) for each in predictive_values(told)]

    assert found == [(0.027, 0.072), (0.05, 0.128), (0.1, 0.237), (0.2, 0.411)]


def test_a_stage_is_told_whole_and_a_small_subgroup_only_as_too_small() -> None:
    found = evaluated(asked_about(OUTCOME, PROBABILITY), draws=50, seed=0)

    assert (found["rows"], found["patients"], found["events"]) == (900, 900, int(OUTCOME.sum()))
    assert all(each["low"] <= each["value"] <= each["high"] for each in found["figures"].values())
    assert found["baselines"]["itself"]["gain"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    large, small = found["subgroups"]
    assert (large["value"], large["enough"], set(large) >= {"events", "auc"}) == ("a", True, True)
    assert small == {"group": "site", "value": "b", "enough": False}


def test_the_roc_curve_rises_from_nobody_to_everybody_and_shows_no_row() -> None:
    points = np.array(roc(OUTCOME, PROBABILITY))

    assert (points[0].tolist(), points[-1].tolist()) == ([0, 0], [1, 1])
    assert (np.diff(points, axis=0) >= 0).all()
    assert len(points) <= 102
    assert roc(np.ones(900, dtype=np.bool_), PROBABILITY) == []


def test_the_tenths_of_a_calibrated_model_hold_what_was_said() -> None:
    tenths = list(calibration(OUTCOME, PROBABILITY))

    assert [each["rows"] for each in tenths] == [90] * 10
    assert sum(each["low"] <= each["said"] <= each["high"] for each in tenths) >= 9
    assert all(0 <= each["low"] <= each["came"] <= each["high"] <= 1 for each in tenths)


def test_at_a_threshold_of_next_to_nothing_the_model_treats_all() -> None:
    first, *_, last = decision(OUTCOME, PROBABILITY)

    assert first["model"] == pytest.approx(first["all"], abs=0.01)
    assert last["all"] < 0 < last["model"]


def test_a_stage_of_one_class_is_told_without_what_cannot_be_measured() -> None:
    found = evaluated(asked_about(np.zeros(60, dtype=np.bool_), PROBABILITY[:60]), draws=20, seed=0)

    assert found["events"] == 0
    assert found["figures"]["auc"] == {"value": None, "low": None, "high": None}
    assert found["figures"]["calibration_slope"]["value"] is None
    assert (found["roc"], found["figures"]["brier"]["value"] is not None) == ([], True)
