"""The population stability index, against values computed by hand."""

from math import log

import numpy as np
import pytest

from chiron.screening.model.drift import (
    FEWEST,
    Verdict,
    reference_of,
    shares_of,
    stability_index,
    stability_of,
    verdict_of,
)


def test_the_index_of_shares_computed_by_hand() -> None:
    """(0.4 - 0.5) ln(0.4 / 0.5) + (0.6 - 0.5) ln(0.6 / 0.5) = 0.0223144 + 0.0182322."""
    assert stability_index([0.5, 0.5], [0.4, 0.6]) == pytest.approx(0.0405465, abs=5e-8)


def test_four_bins_computed_by_hand() -> None:
    then, now = [0.10, 0.25, 0.25, 0.40], [0.25, 0.30, 0.20, 0.25]

    by_hand = 0.15 * log(2.5) + 0.05 * log(1.2) - 0.05 * log(0.8) - 0.15 * log(0.625)

    assert by_hand == pytest.approx(0.228217, abs=1e-6)
    assert stability_index(then, now) == pytest.approx(by_hand, abs=1e-12)


def test_what_did_not_change_has_none_and_the_index_is_symmetric() -> None:
    assert stability_index([0.2, 0.3, 0.5], [0.2, 0.3, 0.5]) == 0
    assert stability_index([0.2, 0.8], [0.3, 0.7]) == pytest.approx(stability_index([0.3, 0.7], [0.2, 0.8]), abs=1e-15)


def test_a_bin_that_emptied_counts_as_one_in_ten_thousand() -> None:
    """(0.0001 - 0.5) ln(0.0001 / 0.5) + (1 - 0.5) ln(1 / 0.5)."""
    assert stability_index([0.5, 0.5], [0.0, 1.0]) == pytest.approx(-0.4999 * log(0.0002) + 0.5 * log(2), abs=1e-12)


def test_a_reference_has_the_tenths_of_a_column() -> None:
    reference = reference_of(np.arange(1.0, 101.0))

    assert reference["edges"] == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert reference["shares"] == [0.1] * 10 + [0.0]


def test_borders_that_coincide_are_one_and_what_is_missing_has_a_share() -> None:
    reference = reference_of([0, 0, 0, 0, 0, 0, 1, 1, np.nan, np.nan])

    assert reference == {"edges": [0.0, 1.0], "shares": [0.6, 0.2, 0.0, 0.2]}


def test_values_on_a_border_lie_below_it() -> None:
    assert shares_of([1.0, 2.0, 2.5, np.nan], [1.0, 2.0]) == [0.25, 0.25, 0.25, 0.25]
    assert shares_of([], [1.0]) == [0.0, 0.0, 0.0]
    assert shares_of([np.nan], []) == [0.0, 1.0]


def test_a_reference_of_nothing_but_missing_values() -> None:
    assert reference_of([np.nan, np.nan]) == {"edges": [], "shares": [0.0, 1.0]}


def test_columns_are_held_against_what_the_bundle_knows_of_them() -> None:
    reference = {"mcv": {"edges": [90.0], "shares": [0.5, 0.5, 0.0]}, "p_low": {"edges": [], "shares": [1.0, 0.0]}}

    found = stability_of({"mcv": [80, 85, 95, 91], "age": [1, 2, 3, 4]}, reference)

    assert found == {"mcv": 0.0}


@pytest.mark.parametrize(
    ("rows", "worst", "verdict"),
    [
        (FEWEST - 1, 9.0, Verdict.TOO_FEW),
        (FEWEST, 0.0999, Verdict.STABLE),
        (FEWEST, 0.10, Verdict.WARNING),
        (FEWEST, 0.2499, Verdict.WARNING),
        (FEWEST, 0.25, Verdict.ALARM),
    ],
)
def test_the_worst_column_decides_once_there_are_enough_rows(rows: int, worst: float, verdict: Verdict) -> None:
    assert verdict_of(rows, {"mcv": 0.01, "age": worst}) is verdict


@pytest.mark.parametrize(("rows", "most"), [(300, 0.05), (100, 1.0)])
def test_why_fewer_rows_are_not_judged(rows: int, most: float) -> None:
    """Of 200 weeks in which nothing drifted, how many would warn for one column of 19."""
    chance = np.random.default_rng(1)
    reference = reference_of(chance.normal(size=20_000))

    weeks = [
        max(stability_index(reference["shares"], shares_of(column, reference["edges"])) for column in week)
        for week in chance.normal(size=(200, 19, rows))
    ]

    warned = np.mean([worst >= 0.10 for worst in weeks])
    assert warned <= most
    assert rows >= FEWEST or warned > 0.5
    assert max(weeks) < 0.25 or rows < FEWEST
