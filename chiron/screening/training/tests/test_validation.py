"""The holdout is later and never seen; where everything is as it should be the gate opens, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chiron.screening.blood.features import FEATURES
from chiron.screening.model.folders import BundleDamaged, read_bundle
from chiron.screening.training.card import faults_of
from chiron.screening.training.cohort import Cohort
from chiron.screening.training.errors import TrainingRefused
from chiron.screening.training.labels import Label
from chiron.screening.training.tests.conftest import TRIAL, MadeUp
from chiron.screening.training.tests.factories import ROCHE
from chiron.screening.training.validation import answered, unseen, validate


def test_a_model_of_a_law_that_can_be_learned_passes_the_gate(made_up: MadeUp) -> None:
    assert made_up.report["gate"] == {"passed": True, "reasons": []}
    first, second = made_up.report["stages"]
    assert first["figures"]["auc"]["low"] > 0.8
    assert second["figures"]["auc"]["low"] > 0.7
    assert first["figures"]["auc"]["low"] < first["figures"]["auc"]["value"] < first["figures"]["auc"]["high"]
    assert second["rows"] == first["events"]


def test_what_the_gate_said_is_sealed_into_the_bundle_with_the_same_trees(made_up: MadeUp) -> None:
    trained, tested = read_bundle(made_up.folder), read_bundle(made_up.tested)

    assert tested.gate == made_up.report["gate"]
    assert tested.content_hash == made_up.report["bundle"]["content_hash"] != trained.content_hash
    rows = made_up.cohort.features[:50]
    assert (tested.probabilities(rows) == trained.probabilities(rows)).all()


def test_a_bundle_that_passed_gives_classes_by_thresholds_with_what_they_found(made_up: MadeUp) -> None:
    thresholds = made_up.bundle.thresholds

    assert set(thresholds) == {"low", "deficient"}
    first = made_up.report["stages"][0]["figures"]
    assert thresholds["low"]["sensitivity"] == first["sensitivity"]["value"]
    assert thresholds["low"]["specificity"] == first["specificity"]["value"]
    later = answered(made_up.bundle, unseen(made_up.cohort, ["2021", "2022"]))
    _, borderline, deficient = made_up.bundle.probabilities(later.features).T
    low = borderline + deficient
    called = (low >= thresholds["low"]["probability"]) & (deficient >= thresholds["deficient"]["probability"] * low)
    assert called[later.b12 < 200].mean() == pytest.approx(thresholds["deficient"]["sensitivity"], abs=1e-6)
    assert (~called[later.b12 >= 200]).mean() == pytest.approx(thresholds["deficient"]["specificity"], abs=1e-6)


def test_the_card_tells_the_figures_of_the_report(made_up: MadeUp) -> None:
    card = made_up.bundle.card

    for told, stage in zip(card["results"]["performance"], made_up.report["stages"], strict=True):
        for name, figure in stage["figures"].items():
            assert told[name] == pytest.approx([figure["value"], figure["low"], figure["high"]], abs=6e-4)
    stated = {
        "methods.data_source",
        "methods.setting",
        "methods.ethics",
        "open_science.funding",
        "open_science.contact",
    }
    assert set(faults_of(card)) == stated


def test_no_patient_seen_in_training_and_no_earlier_row_is_tested(made_up: MadeUp) -> None:
    cohort = made_up.cohort

    fresh = unseen(cohort, ["2021", "2022"])

    assert set(fresh.periods) == {"2023"}
    seen = set(cohort.patients[cohort.periods < "2023"])
    assert not seen & set(fresh.patients)
    came_back = seen & set(cohort.patients[cohort.periods == "2023"])
    assert came_back
    assert (
        len(fresh)
        == (cohort.periods == "2023").sum() - np.isin(cohort.patients[cohort.periods == "2023"], list(came_back)).sum()
    )
    with pytest.raises(TrainingRefused, match="later than the training"):
        unseen(cohort, ["2023"])


def test_where_it_would_abstain_it_is_not_tested(made_up: MadeUp) -> None:
    left_out = made_up.report["data"]["left_out"]

    later = unseen(made_up.cohort, ["2021", "2022"])
    abstained = sum(bool(made_up.bundle.outside(row)) for row in later.features)
    assert left_out["outside what was trained on: it abstains"] == abstained > 0
    assert made_up.report["data"]["rows"] == len(later) - abstained


def test_another_label_is_not_what_the_bundle_answers(made_up: MadeUp, tmp_path: Path) -> None:
    for other in (Label("pg/mL", "Bio-Rad", (200, 300)), Label("pg/mL", "Roche E170", (150, 300))):
        with pytest.raises(TrainingRefused, match="Roche E170/200-300"):
            validate(made_up.folder, tmp_path / "out", cohort=made_up.cohort, label=other, trial=TRIAL)

    assert not (tmp_path / "out").exists()


def test_a_changed_bundle_is_not_validated(made_up: MadeUp, tmp_path: Path) -> None:
    text = (made_up.folder / "bundle.json").read_text(encoding="utf-8")
    (tmp_path / "bundle.json").write_text(text.replace('"made-up"', '"made-op"'), encoding="utf-8")
    (tmp_path / "card.json").write_bytes((made_up.folder / "card.json").read_bytes())

    with pytest.raises(BundleDamaged):
        validate(tmp_path, tmp_path / "out", cohort=made_up.cohort, label=ROCHE, trial=TRIAL)


def test_a_file_of_men_only_or_without_the_young_does_not_pass(made_up: MadeUp, tmp_path: Path) -> None:
    age, sex = (made_up.cohort.features[:, FEATURES.index(name)] for name in ("age", "sex"))
    old_men = made_up.cohort.only((sex == 0) & (age >= 40), "not asked")

    bundle, report = validate(made_up.folder, tmp_path, cohort=old_men, label=ROCHE, trial=TRIAL)

    absent = ["Stage 1: sex female was not tested.", "Stage 1: age 20-39 was not tested."]
    assert [each for each in report["gate"]["reasons"] if each.startswith("Stage 1: ")] == absent
    assert (report["gate"]["passed"], bundle.gate["passed"], bundle.thresholds) == (False, False, {})


def test_shuffled_labels_do_not_pass(made_up: MadeUp, tmp_path: Path) -> None:
    cohort = made_up.cohort
    shuffled: Cohort = replace(cohort, b12=np.random.default_rng(0).permutation(cohort.b12))

    bundle, report = validate(made_up.folder, tmp_path, cohort=shuffled, label=ROCHE, trial=TRIAL)

    assert not report["gate"]["passed"]
    assert bundle.thresholds == {}
    assert all(0.42 < stage["figures"]["auc"]["value"] < 0.58 for stage in report["stages"])
