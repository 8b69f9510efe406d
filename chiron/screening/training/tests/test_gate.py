"""The gate: what passes passes, and each limit alone keeps it shut."""

from copy import deepcopy
from typing import Any

import pytest

from chiron.screening.training.gate import judged


def figure(value: float | None, low: float | None = None) -> dict[str, float | None]:
    return {"value": value, "low": low, "high": None}


GOOD: dict[str, Any] = {
    "stage": 1,
    "events": 100,
    "non_events": 100,
    "figures": {
        "auc": figure(0.8, 0.70),
        "calibration_slope": figure(0.8),
        "observed_to_expected": figure(1.25),
        "ece": figure(0.05),
        "brier_skill": figure(0.2, 0.001),
        "net_benefit": figure(0.05),
        "net_benefit_all": figure(0.04),
    },
    "baselines": {"age and sex": {"auc": figure(0.6), "gain": figure(0.2, 0.001)}},
    "subgroups": [
        {"group": "sex", "value": "female", "enough": True, "auc": figure(0.7), "observed_to_expected": figure(0.67)},
        {"group": "sex", "value": "male", "enough": True, "auc": figure(0.8), "observed_to_expected": figure(1)},
        {"group": "age", "value": "20-39", "enough": True, "auc": figure(0.75), "observed_to_expected": figure(1.5)},
        {"group": "age", "value": "40-59", "enough": True, "auc": figure(0.8), "observed_to_expected": figure(1)},
        {"group": "age", "value": "60-85", "enough": True, "auc": figure(0.8), "observed_to_expected": figure(1)},
        {"group": "site", "value": "north", "enough": False},
    ],
}


def test_what_keeps_every_limit_passes() -> None:
    assert judged([GOOD, GOOD | {"stage": 2}], draws=1000) == {"passed": True, "reasons": []}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"events": 99}, "Stage 1: 99 events, at least 100 are needed."),
        ({"non_events": 99}, "Stage 1: 99 non-events, at least 100 are needed."),
        ({"figures": {"auc": figure(0.8, 0.699)}}, "the lower bound of the AUC is 0.699, at least 0.700"),
        ({"figures": {"auc": figure(0.8)}}, "the lower bound of the AUC could not be measured."),
        ({"figures": {"calibration_slope": figure(0.79)}}, "the calibration slope is 0.790, between 0.8 and 1.2"),
        ({"figures": {"calibration_slope": figure(1.21)}}, "the calibration slope is 1.210"),
        ({"figures": {"calibration_slope": figure(None)}}, "the calibration slope could not be measured."),
        ({"figures": {"observed_to_expected": figure(0.79)}}, "observed over expected is 0.790"),
        ({"figures": {"observed_to_expected": figure(1.26)}}, "observed over expected is 1.260"),
        ({"figures": {"ece": figure(0.051)}}, "the expected calibration error is 0.051"),
        ({"figures": {"brier_skill": figure(0.2, 0.0)}}, "the lower bound of the Brier skill is 0.000, more than"),
        ({"figures": {"net_benefit": figure(0.04)}}, "the net benefit is 0.040, more than 0.040 (treating all)"),
        ({"figures": {"net_benefit": figure(0.0)}}, "the net benefit is 0.000, more than 0.000 is needed."),
        ({"figures": {"net_benefit_all": figure(None)}}, "the net benefit could not be measured."),
        ({"baselines": {}}, "the lower bound of the gain over age and sex could not be measured."),
        (
            {"baselines": {"age and sex": {"gain": figure(0.1, 0.0)}}},
            "the lower bound of the gain over age and sex is 0.000, more than 0.000 is needed.",
        ),
    ],
)
def test_one_limit_not_kept_keeps_it_shut(changed: dict[str, Any], reason: str) -> None:
    stage = deepcopy(GOOD)
    for name, value in changed.items():
        stage[name] = stage[name] | value if name == "figures" else value

    found = judged([stage, GOOD], draws=1000)

    assert not found["passed"]
    assert len([each for each in found["reasons"] if reason in each]) == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"enough": False}, "sex female: too few events or non-events to be measured."),
        ({"auc": figure(0.699)}, "sex female: the AUC is 0.699, at least 0.700 is needed."),
        ({"observed_to_expected": figure(0.66)}, "sex female: observed over expected is 0.660, between 0.67 and 1.5"),
        ({"observed_to_expected": figure(1.51)}, "sex female: observed over expected is 1.510"),
    ],
)
def test_one_subgroup_left_behind_keeps_it_shut(changed: dict[str, Any], reason: str) -> None:
    stage = deepcopy(GOOD)
    stage["subgroups"][0] |= changed

    found = judged([stage], draws=1000)

    assert [each for each in found["reasons"] if reason in each] == found["reasons"]
    assert not found["passed"]


@pytest.mark.parametrize("value", ["female", "male", "20-39", "40-59", "60-85"])
def test_who_was_not_tested_at_all_keeps_it_shut(value: str) -> None:
    stage = deepcopy(GOOD)
    (group,) = (each["group"] for each in stage["subgroups"] if each["value"] == value)
    stage["subgroups"] = [each for each in stage["subgroups"] if each["value"] != value]

    assert judged([stage, GOOD], draws=1000) == {
        "passed": False,
        "reasons": [f"Stage 1: {group} {value} was not tested."],
    }


@pytest.mark.parametrize("draws", [1, 100, 999])
def test_too_few_draws_keep_it_shut_whatever_they_told(draws: int) -> None:
    found = judged([GOOD], draws=draws)

    assert found == {"passed": False, "reasons": [f"{draws} draws of patients, 1,000 are needed."]}


def test_an_auc_at_its_upper_limit_itself_is_still_believed() -> None:
    stage = deepcopy(GOOD)
    stage["figures"]["auc"] = figure(0.98, 0.97)
    for each in stage["subgroups"][:-1]:
        each["auc"] = figure(0.88)

    assert judged([stage], draws=1000)["passed"]


def test_a_perfect_model_is_leakage_until_explained_and_nothing_tested_is_nothing_shown() -> None:
    stage = deepcopy(GOOD)
    stage["figures"]["auc"] = figure(0.99, 0.985)

    assert "leakage until explained" in judged([stage], draws=1000)["reasons"][0]
    assert judged([], draws=1000) == {"passed": False, "reasons": ["Nothing was tested."]}
