"""From rows to a bundle: the same rows give the same hash, and nothing of a row is in it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chiron.screening.blood.analytes import DIFFERENTIAL
from chiron.screening.blood.features import FEATURES
from chiron.screening.model.bundles import SCORES
from chiron.screening.model.folders import read_bundle
from chiron.screening.training.baselines import LARGE_CELLS, fit_baselines, said_by_baselines
from chiron.screening.training.card import STATED, card_of, faults_of
from chiron.screening.training.card_words import NOT_STATED, NOT_TESTED
from chiron.screening.training.demo import chance_below
from chiron.screening.training.errors import TrainingRefused
from chiron.screening.training.measures import auc
from chiron.screening.training.tests.conftest import PLAN, MadeUp, earlier
from chiron.screening.training.tests.factories import ROCHE
from chiron.screening.training.training import train


def test_the_same_rows_and_seed_give_the_same_content_hash(made_up: MadeUp, tmp_path: Path) -> None:
    again = train(tmp_path / "again", cohort=earlier(made_up.cohort), label=ROCHE, plan=PLAN)

    assert again.content_hash == read_bundle(made_up.folder).content_hash
    assert (tmp_path / "again" / "bundle.json").read_bytes() == (made_up.folder / "bundle.json").read_bytes()


def test_one_value_more_gives_another(made_up: MadeUp, tmp_path: Path) -> None:
    changed = earlier(made_up.cohort)
    changed.b12[0] += 1

    other = train(tmp_path / "other", cohort=changed, label=ROCHE, plan=PLAN)

    assert other.content_hash != read_bundle(made_up.folder).content_hash


def test_a_bundle_that_is_only_trained_gives_no_class_and_has_passed_nothing(made_up: MadeUp) -> None:
    trained = read_bundle(made_up.folder)

    assert trained.thresholds == {}
    assert trained.gate == {
        "passed": False,
        "reasons": ["It has not been validated on patients that it has never seen."],
    }
    assert trained.card["results"]["performance"] == NOT_TESTED
    assert trained.training["periods"] == ["2021", "2022"]
    assert [each["tuning"] for each in trained.training["stages"]] == ["leave one period out"] * 2
    assert (trained.name, trained.version, trained.features) == ("made-up", "1", FEATURES)


def test_a_bundle_holds_quantiles_and_no_row(made_up: MadeUp) -> None:
    text = (made_up.folder / "bundle.json").read_text(encoding="utf-8")
    bundle = read_bundle(made_up.folder)

    assert not any(patient in text for patient in made_up.cohort.patients)
    assert set(bundle.boxes) == set(FEATURES)
    assert set(bundle.reference) == {*FEATURES, "p_normal", "p_borderline", "p_deficient"}
    assert max(len(each["edges"]) for each in bundle.reference.values()) == 9
    ages = made_up.cohort.features[:, FEATURES.index("age")]
    assert bundle.boxes["age"] == (ages.min(), ages.max())
    volumes = earlier(made_up.cohort).features[:, FEATURES.index("mcv")]
    assert volumes.min() < bundle.boxes["mcv"][0] < bundle.boxes["mcv"][1] < volumes.max()


def test_what_nobody_had_is_not_needed_and_drifts_nowhere(made_up: MadeUp, tmp_path: Path) -> None:
    cohort = earlier(made_up.cohort)
    features = cohort.features.copy()
    features[:, [FEATURES.index(name) for name in DIFFERENTIAL]] = np.nan

    bundle = train(tmp_path, cohort=replace(cohort, features=features), label=ROCHE, plan=PLAN)

    assert set(bundle.needed).isdisjoint(DIFFERENTIAL)
    assert set(bundle.reference) == {*FEATURES, *SCORES} - set(DIFFERENTIAL)
    for whole, bare in zip(cohort.features[:200], features[:200], strict=True):
        assert bundle.outside(whole) == bundle.outside(bare)


@pytest.mark.parametrize("rows", [0, 1, 5, 20])
def test_too_few_rows_are_not_trained_on(rows: int, made_up: MadeUp, tmp_path: Path) -> None:
    few = made_up.cohort.only(np.arange(len(made_up.cohort)) < rows, "too many")

    with pytest.raises(TrainingRefused, match="10 events and 10 non-events"):
        train(tmp_path / "bundle", cohort=few, label=ROCHE, plan=PLAN)

    assert not (tmp_path / "bundle").exists()


def test_nobody_whose_b12_is_low_leaves_nothing_to_train_the_second_stage_on(made_up: MadeUp, tmp_path: Path) -> None:
    cohort = earlier(made_up.cohort)
    for b12 in (np.full(len(cohort), 400.0), np.full(len(cohort), 250.0), np.full(len(cohort), 150.0)):
        with pytest.raises(TrainingRefused, match="10 events and 10 non-events"):
            train(tmp_path / "bundle", cohort=replace(cohort, b12=b12), label=ROCHE, plan=PLAN)

    assert not (tmp_path / "bundle").exists()


def test_the_probabilities_are_those_of_the_law_that_made_the_patients(made_up: MadeUp) -> None:
    later = made_up.cohort.only(made_up.cohort.periods == "2023", "trained on")

    said = made_up.bundle.probabilities(later.features)

    low, deficient = (chance_below(cutoff, later.features) for cutoff in (300, 200))
    assert np.abs(said[:, 1] + said[:, 2] - low).mean() < 0.08
    assert np.abs(said[:, 2] - deficient).mean() < 0.06
    ones = np.ones((1, len(later)))
    perfect = auc(later.b12 < 300, low, ones)[0]
    assert auc(later.b12 < 300, 1 - said[:, 0], ones)[0] == pytest.approx(perfect, abs=0.03)


def test_the_baselines_say_what_the_library_says_without_it(made_up: MadeUp) -> None:
    features, outcome = made_up.cohort.features, made_up.cohort.b12 < 300

    said = said_by_baselines(json.loads(json.dumps(fit_baselines(features, outcome))), features)

    ones = np.ones((1, len(outcome)))
    assert {name: round(float(auc(outcome, each, ones)[0]), 1) for name, each in said.items()} == {
        "logistic regression": 0.9,
        "age and sex": 0.6,
        "MCV > 100 fL": 0.5,
    }
    assert (said[LARGE_CELLS] == (features[:, FEATURES.index("mcv")] > 100)).all()
    assert said["logistic regression"].mean() == pytest.approx(outcome.mean(), abs=1e-3)


def test_a_card_says_what_was_stated_and_what_was_not() -> None:
    training = {"left_out": {}, "equations": [], "periods": ["2021"], "rows": 10, "patients": 9, "stages": []}
    stated = dict.fromkeys(STATED, "A word of theirs.")

    card = card_of("made-up 1", label=ROCHE.as_data(), training=training, stated=stated)
    silent = card_of("made-up 1", label=ROCHE.as_data(), training=training, stated={})

    assert card["methods"]["setting"] == "A word of theirs."
    assert silent["open_science"]["contact"] == NOT_STATED
    untested = ["results.participants", "results.development", "results.performance", "results.subgroups"]
    assert faults_of(card) == [*untested, "discussion.interpretation"]
    assert "methods.setting" in faults_of(silent)
    assert "liver" in " ".join(faults_of(card | {"liver": "healthy"}))
    with pytest.raises(TrainingRefused, match="liver"):
        card_of("made-up 1", label=ROCHE.as_data(), training=training, stated={"liver": "healthy"})
