"""What a bundle is made to say, reckoned by hand."""

from decimal import Decimal
from math import exp
from pathlib import Path
from typing import Any

import orjson
import pytest

from chiron.screening.answering import Question, answer
from chiron.screening.blood.reading import CountRefused, Measured
from chiron.screening.model.bundles import Bundle
from chiron.screening.tests.bundles import AGE, MONOCYTES, content, put, stage
from chiron.screening.words import Mode, Outcome, Reason

COUNT = {
    "hemoglobin": ("13.9", "g/dL"), "hematocrit": ("41.7", "%"), "rbc": ("4.6", "10*6/uL"), "mcv": ("90.7", "fL"),
    "mch": ("30.2", "pg"), "mchc": ("33.3", "g/dL"), "rdw": ("13.1", "%"), "wbc": ("6.4", "10*3/uL"),
    "platelets": ("245", "10*3/uL"),
}  # fmt: skip
LARGE = COUNT | {"rbc": ("4.0", "10*6/uL"), "mcv": ("104.3", "fL"), "mch": ("34.8", "pg")}


def asked(count: dict[str, tuple[str, str]] = COUNT, **said: Any) -> Question:
    cbc = {name: Measured(Decimal(value), unit) for name, (value, unit) in count.items()}
    usual: dict[str, Any] = {
        "age": 67,
        "sex": "female",
        "prevalence": 0.027,
        "prevalence_source": "organization: measured",
    }
    return Question(cbc=cbc, **(usual | said))


def sigmoid(score: float) -> float:
    return 1 / (1 + exp(-score))


def test_probabilities_are_of_both_stages_and_sum_to_one(tmp_path: Path) -> None:
    said = answer(asked(LARGE), put(tmp_path)).content

    low = deficient = sigmoid(1.0 * 1 - 1.0)
    assert [said["p_normal"], said["p_borderline"], said["p_deficient"]] == pytest.approx(
        [1 - low, low * (1 - deficient), low * deficient], abs=1e-12
    )
    assert abs(said["p_normal"] + said["p_borderline"] + said["p_deficient"] - 1) < 1e-12
    assert (said["class"], said["risk_class"]) == ("DEFICIENT", "raised")


@pytest.mark.parametrize(
    ("count", "age", "result_class"),
    [(COUNT, 67, "NORMAL"), (COUNT, 40, "NORMAL"), (LARGE, 40, "BORDERLINE"), (LARGE, 67, "DEFICIENT")],
)
def test_a_class_is_what_the_thresholds_of_the_stages_say(
    count: dict[str, tuple[str, str]], age: int, result_class: str, tmp_path: Path
) -> None:
    assert answer(asked(count, age=age), put(tmp_path)).content["class"] == result_class


def test_a_bundle_without_thresholds_gives_probabilities_and_no_class(tmp_path: Path) -> None:
    said = answer(asked(LARGE), put(tmp_path, thresholds={"low": None, "deficient": None})).content

    assert (said["class"], said["ppv"], said["p_deficient"]) == (None, None, 0.25)
    assert said["recommendation"].startswith("The model gives a probability and no class.")


def test_contributions_sum_to_the_score_and_the_largest_come_first(tmp_path: Path) -> None:
    low, deficient = answer(asked(LARGE), put(tmp_path)).content["contributions"]

    assert (low["base"], low["score"], low["top"][0]) == (0.0, 1.0, {"feature": "mcv", "value": 104.3, "adds": 1.0})
    assert deficient["top"][0] == {"feature": "age", "value": 67.0, "adds": 1.0}
    for stage_said in (low, deficient):
        assert (len(stage_said["top"]), len(stage_said["all"])) == (5, 16)
        assert abs(stage_said["base"] + sum(each["adds"] for each in stage_said["all"]) - stage_said["score"]) < 1e-9


def test_predictive_values_are_for_the_prevalence_of_the_organization(tmp_path: Path) -> None:
    bundle = put(tmp_path)

    found = [answer(asked(prevalence=share), bundle).content["ppv"] for share in (0.027, 0.05, 0.10, 0.20)]

    assert [round(each, 3) for each in found] == [0.072, 0.128, 0.237, 0.411]


def test_the_same_question_is_answered_with_the_same_bytes(tmp_path: Path) -> None:
    bundle, question = put(tmp_path), asked(LARGE)

    again = Question.kept(orjson.loads(orjson.dumps(question.as_kept())))

    assert answer(again, bundle).result == answer(question, bundle).result
    assert again == question


def test_the_same_count_in_other_units_has_the_same_input_hash(tmp_path: Path) -> None:
    bundle = put(tmp_path)
    litres = COUNT | {"hemoglobin": ("139", "g/L")}

    found = {answer(asked(count), bundle).content["input_hash"] for count in (COUNT, litres)}

    assert len(found) == 1
    assert answer(asked(COUNT, pregnant=True), bundle).content["input_hash"] not in found


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        ({"pregnant": True}, [Reason.PREGNANT]),
        ({"treated_with_b12": True}, [Reason.TREATED]),
        ({"age": 19}, [Reason.TOO_YOUNG]),
        ({"age": 86}, [Reason.TOO_OLD]),
        ({"sex": "other"}, [Reason.SEX]),
        ({"sex": "unknown", "age": 12}, [Reason.TOO_YOUNG, Reason.SEX]),
    ],
)
def test_somebody_whom_no_model_knows_gets_reasons_and_no_probability(
    said: dict[str, Any], reasons: list[Reason], tmp_path: Path
) -> None:
    found = answer(asked(**said), put(tmp_path))

    assert [each["code"] for each in found.content["reasons"]] == reasons
    assert found.outcome is Outcome.ABSTAINED
    silent = ("p_normal", "p_borderline", "p_deficient", "class", "risk_class", "ppv", "npv", "contributions")
    assert {name: found.content[name] for name in silent} == dict.fromkeys(silent)
    assert len(found.content["indices"]) == 9


@pytest.mark.parametrize("age", [20, 85])
def test_the_ages_at_the_border_are_answered(age: int, tmp_path: Path) -> None:
    assert answer(asked(age=age), put(tmp_path)).outcome is Outcome.CLASSIFIED


def test_a_count_outside_of_the_training_box_gets_the_features_that_are(tmp_path: Path) -> None:
    narrow: Bundle = put(tmp_path, boxes=boxes(mcv=[60.0, 90.0], wbc=[7.0, 9.0]))

    [reason] = answer(asked(), narrow).content["reasons"]

    assert (reason["code"], reason["features"]) == (Reason.OUTSIDE, ["mcv", "wbc"])


def test_what_the_model_cannot_do_without_is_named_where_it_was_not_measured(tmp_path: Path) -> None:
    stages = [stage(MONOCYTES, 5.0, rate=0.2) | {"missing_lowest": []}, stage(AGE, 60.0, rate=0.1)]

    [reason] = answer(asked(), put(tmp_path, stages=stages)).content["reasons"]

    assert (reason["code"], reason["features"]) == (Reason.MISSING, ["monocytes"])


def boxes(**of: list[float]) -> dict[str, list[float]]:
    return {**content()["boxes"], **of}


def test_a_count_that_cannot_be_is_refused_before_any_abstention(tmp_path: Path) -> None:
    with pytest.raises(CountRefused):
        answer(asked(COUNT | {"hemoglobin": ("139", "g/dL")}, pregnant=True), put(tmp_path))


@pytest.mark.parametrize("mode", [Mode.RESEARCH, Mode.CLINICAL])
def test_over_each_answer_of_a_model_of_made_up_patients_stands_that_it_is(tmp_path: Path, mode: Mode) -> None:
    bundle = put(tmp_path, gate={"passed": True, "reasons": [], "made_up": True})

    said = answer(asked(state="active", mode=mode), bundle).content

    assert said["banner"].startswith("MADE-UP PATIENTS: ")


def test_only_research_has_a_banner_and_each_language_its_words(tmp_path: Path) -> None:
    bundle = put(tmp_path)

    research, clinical, french = (
        answer(asked(**said), bundle).content for said in ({}, {"mode": Mode.CLINICAL}, {"language": "fr-CA"})
    )

    assert (research["banner"][:13], clinical["banner"], french["banner"][:21]) == (
        "RESEARCH ONLY", None, "RECHERCHE UNIQUEMENT ",
    )  # fmt: skip
    assert str(answer(asked(state="active"), bundle).content["banner"]).startswith("RESEARCH MODE")
    assert research["notice"].startswith("This is screening, not diagnosis.")
