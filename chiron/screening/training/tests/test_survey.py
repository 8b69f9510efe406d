"""What is known of the US survey, through the same code: no signal of B12, a strong one of iron, none of nothing."""

import csv
from pathlib import Path

import numpy as np
import pytest

from chiron.screening.blood.features import FEATURES
from chiron.screening.model.bundles import Bundle
from chiron.screening.shelf import reference_bundle
from chiron.screening.training.cohort import Cohort, Source, read_cohort
from chiron.screening.training.columns import NHANES
from chiron.screening.training.fitting import GRID, Fitted, Setting, fit_stage
from chiron.screening.training.folds import folds_of
from chiron.screening.training.labels import Equation, Label
from chiron.screening.training.measures import Mask, auc
from chiron.screening.training.tests.factories import survey
from chiron.screening.training.validation import answered, parts

LEAKAGE = 0.65
"""What no model of these data reaches without having been told the answer."""
ONE = (Setting(trees=60, depth=2, rate=0.1),)
BIO_RAD = Label("pg/mL", "Roche E170", (200, 300), (Equation(0.97, 0.14),))
ROCHE_E170 = Label("pg/mL", "Roche E170", (200, 300))


@pytest.fixture(scope="module")
def earlier() -> Cohort:
    return read_cohort(survey("b12_cbc_2003-2004.csv"), Source(NHANES, "cycle", BIO_RAD, {}))


@pytest.fixture(scope="module")
def later() -> Cohort:
    return read_cohort(survey("b12_cbc_2011-2012.csv"), Source(NHANES, "cycle", ROCHE_E170, {}))


def test_the_survey_is_read_to_the_counts_that_are_known(earlier: Cohort, later: Cohort) -> None:
    assert (len(earlier), int((earlier.b12 < 300).sum()), int((earlier.b12 < 200).sum())) == (4283, 307, 60)
    assert (len(later), int((later.b12 < 300).sum()), int((later.b12 < 200).sum())) == (4816, 516, 90)
    refused = [each.left_out["a count that would be refused"] for each in (earlier, later)]
    assert refused == [2, 6]  # 0.05 % and 0.12 % of adults' counts


def test_the_shipped_model_finds_next_to_nothing_and_more_would_be_leakage(later: Cohort) -> None:
    found = auc_of(reference_bundle(), later)

    assert found == pytest.approx([0.538, 0.5], abs=0.001)
    assert max(found) < LEAKAGE


def test_most_of_the_deficient_have_no_large_cells(earlier: Cohort, later: Cohort) -> None:
    volumes = np.concatenate([each.features[each.b12 < 200, FEATURES.index("mcv")] for each in (earlier, later)])

    assert (volumes <= 100).mean() > 0.9


def test_the_same_code_finds_the_lack_of_iron(earlier: Cohort) -> None:
    assert auc_held_out(*of_ferritin(earlier), grid=ONE)[0] >= 0.80


def test_shuffled_labels_are_found_no_better_than_by_chance(earlier: Cohort, later: Cohort) -> None:
    shuffled = np.random.default_rng(7).permutation(earlier.b12 < 300)

    held_out, fitted = auc_held_out(earlier, shuffled, grid=ONE)

    assert 0.42 <= held_out <= 0.58
    said = fitted.model.predict(later.features, prediction_type="RawFormulaVal", thread_count=1)
    assert 0.42 <= float(auc(later.b12 < 300, said, np.ones((1, len(later))))[0]) <= 0.58


@pytest.mark.stress
@pytest.mark.parametrize("seed", range(5))
def test_the_controls_hold_with_the_whole_grid(earlier: Cohort, seed: int) -> None:
    cohort, iron = of_ferritin(earlier)
    shuffled = np.random.default_rng(seed).permutation(earlier.b12 < 300)

    assert auc_held_out(cohort, iron, grid=GRID, seed=seed)[0] >= 0.80
    assert 0.42 <= auc_held_out(earlier, shuffled, grid=GRID, seed=seed)[0] <= 0.58


def auc_of(bundle: Bundle, cohort: Cohort) -> list[float]:
    """Per stage, on the rows that the bundle answers."""
    return [
        float(auc(each.outcome, each.probability, np.ones((1, len(each.outcome))))[0])
        for each in parts(bundle, answered(bundle, cohort), ROCHE_E170)
    ]


def auc_held_out(cohort: Cohort, outcome: Mask, *, grid: tuple[Setting, ...], seed: int = 0) -> tuple[float, Fitted]:
    _, folds = folds_of(cohort.periods, cohort.patients, outcome, seed=seed)
    fitted = fit_stage(cohort.features, outcome, folds, seed=seed, grid=grid)
    return float(auc(outcome, fitted.held_out, np.ones((1, len(outcome))))[0]), fitted


def of_ferritin(cohort: Cohort) -> tuple[Cohort, Mask]:
    """Women of 20 to 49 years with a ferritin value, and whether it is below 15 ng/mL."""
    path: Path = survey("raw/L06TFR_C.csv")
    with path.open(encoding="utf-8", newline="") as file:
        ferritin = {row["SEQN"]: float(row["LBDFER"] or "nan") for row in csv.DictReader(file)}
    values = np.array([ferritin.get(patient, np.nan) for patient in cohort.patients])
    age, sex = (cohort.features[:, FEATURES.index(name)] for name in ("age", "sex"))
    rows = (sex == 1) & (age <= 49) & ~np.isnan(values)
    return cohort.only(rows, "no ferritin"), values[rows] < 15
