"""What a bundle answers, and that it answers the same however it is asked."""

from pathlib import Path

import numpy as np
import pytest

from chiron.screening.blood.features import FEATURES
from chiron.screening.model.bundles import Bundle
from chiron.screening.model.tests.factories import bundle_in, content, made_up, trained


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return bundle_in(tmp_path)


def test_probabilities_are_the_calibrated_stages_multiplied(bundle: Bundle) -> None:
    rows = made_up(50, seed=5)

    found = bundle.probabilities(rows)

    raw = [trained(stage).predict(rows, prediction_type="RawFormulaVal") for stage in (0, 1)]
    low, deficient = 1 / (1 + np.exp(0.1 - 0.9 * raw[0])), 1 / (1 + np.exp(-0.2 - 1.1 * raw[1]))
    expected = np.column_stack([1 - low, low * (1 - deficient), low * deficient])
    assert np.abs(found - expected).max() < 1e-12


def test_probabilities_sum_to_one(bundle: Bundle) -> None:
    found = bundle.probabilities(made_up(2000, seed=6, missing=0.2))

    assert np.abs(found.sum(axis=1) - 1).max() < 1e-12
    assert (found >= 0).all()


@pytest.mark.parametrize("together", [1, 2, 3, 7, 8, 64, 257])
def test_a_row_is_answered_with_the_same_bytes_alone_and_among_others(bundle: Bundle, together: int) -> None:
    rows = made_up(257, seed=7, missing=0.1)

    whole = bundle.probabilities(rows)
    parts = [bundle.probabilities(rows[at : at + together]) for at in range(0, 257, together)]
    added = [bundle.contributions_of(rows[at : at + together]) for at in range(0, 257, together)]

    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert np.concatenate(added).tobytes() == bundle.contributions_of(rows).tobytes()


def test_contributions_sum_to_the_score_and_agree_with_those_of_many_rows(bundle: Bundle) -> None:
    rows = made_up(20, seed=8)

    many = bundle.contributions_of(rows)

    for row, added in zip(rows, many, strict=True):
        for shares, several in zip(bundle.contributions(row).stages, added, strict=True):
            assert [*shares.values, shares.base] == several.tolist()
            assert abs(sum(shares.values) + shares.base - shares.score) < 1e-9


def test_what_lies_out_of_the_box_is_named(bundle: Bundle) -> None:
    (row,) = made_up(1, seed=9)
    row[[0, 14]] = 1000.1, 85.0

    assert bundle.outside(row) == ["hemoglobin"]
    row[[0, 14]] = 1000.0, 20.0
    assert bundle.outside(row) == []
    row[[0, 14]] = -0.1, 19.9
    assert bundle.outside(row) == ["hemoglobin", "age"]


def test_what_is_missing_and_never_was_in_training_is_outside(tmp_path: Path) -> None:
    (row,) = made_up(1, seed=9)
    row[[9, 14]] = np.nan, 50

    assert bundle_in(tmp_path / "never").outside(row) == ["neutrophils"]
    assert bundle_in(tmp_path / "seen", **content(missing=0.2)).outside(row) == []


def test_rows_of_another_width_are_refused(bundle: Bundle) -> None:
    with pytest.raises(ValueError, match=f"rows have {len(FEATURES)} features"):
        bundle.probabilities([[1.0, 2.0]])
