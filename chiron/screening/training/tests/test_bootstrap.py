"""Intervals are of patients, not of rows."""

import numpy as np
import pytest

from chiron.screening.training import bootstrap
from chiron.screening.training.bootstrap import drawn, figures
from chiron.screening.training.measures import Floats

PATIENTS = np.repeat([f"patient {number}" for number in range(200)], 3)


def test_the_rows_of_a_patient_are_drawn_together() -> None:
    (weights,) = drawn(PATIENTS, draws=50, seed=1)

    assert weights.shape == (50, 600)
    by_patient = weights.reshape(50, 200, 3)
    assert (by_patient == by_patient[:, :, :1]).all()
    assert (by_patient[:, :, 0].sum(axis=1) == 200).all()


def test_draws_in_parts_are_all_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "CELLS", 7 * 600)

    parts = list(drawn(PATIENTS, draws=50, seed=1))

    assert [len(part) for part in parts] == [7] * 7 + [1]


def test_a_mean_has_the_interval_of_its_standard_error_over_patients() -> None:
    values = np.repeat(np.random.default_rng(3).normal(size=200), 3)

    found = figures(lambda weights: {"mean": mean(values, weights)}, PATIENTS, draws=2000, seed=1)["mean"]

    assert found.value == pytest.approx(values.mean())
    assert found.low is not None
    assert found.high is not None
    error = values.std() / np.sqrt(200)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    def low(seed: int) -> float | None:
        values = np.arange(600.0)
        return figures(lambda weights: {"mean": mean(values, weights)}, PATIENTS, draws=50, seed=seed)["mean"].low

    assert low(1) == low(1)
    assert low(1) != low(2)


def test_what_most_draws_could_not_tell_has_no_interval() -> None:
    def told_by_three(weights: Floats) -> dict[str, Floats]:
        return {"it": np.where(np.arange(len(weights)) < 3, 1.0, np.nan)}

    found = figures(told_by_three, PATIENTS, draws=50, seed=1)["it"]

    assert (found.value, found.low, found.high) == (1.0, None, None)


def mean(values: Floats, weights: Floats) -> Floats:
    result: Floats = weights @ values / weights.sum(axis=1)
    return result
