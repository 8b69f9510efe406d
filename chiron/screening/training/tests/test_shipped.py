"""What is shipped: named in the list of what is allowed, with a card that says everything, and not let into care."""

import json
import re
import shlex
from contextlib import nullcontext
from math import nan
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from chiron.screening.blood.analytes import DIFFERENTIAL
from chiron.screening.blood.features import FEATURES
from chiron.screening.model.folders import read_bundle
from chiron.screening.shelf import FOLDER, SHIPPED, reference_bundle
from chiron.screening.training.card import faults_of
from chiron.screening.training.gate import judged
from chiron.screening.training.tests.factories import survey

HOW_TO = Path(settings.BASE_DIR) / "docs" / "how-to" / "b12-model.md"
COMMAND = re.compile(r"^    chiron (b12 (?:train|validate) --csv \.\./shared(?:.*\\\n)*.*)$", re.MULTILINE)

shipped = pytest.mark.parametrize("name", sorted(SHIPPED))


def report_of(name: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((FOLDER / name / "report.json").read_text(encoding="utf-8"))
    return report


def bounds(value: dict[str, float | None]) -> list[float | None]:
    """Nones where a figure could not be measured."""
    return [value[each] for each in ("value", "low", "high")]


def test_what_lies_there_is_what_is_allowed() -> None:
    assert {each.name for each in FOLDER.iterdir()} == set(SHIPPED)
    assert {name: read_bundle(FOLDER / name).content_hash for name in SHIPPED} == SHIPPED


@shipped
def test_it_answers_a_whole_count_with_a_differential_and_without(name: str) -> None:
    bundle = read_bundle(FOLDER / name)
    count = dict(zip(FEATURES, (13.5, 40.5, 4.5, 90, 30, 33.3, 13.2, 6.7, 250, 60, 28, 8, 3, 1, 44, 1), strict=True))
    row = list(count.values())
    bare = [nan if each in DIFFERENTIAL else value for each, value in count.items()]

    assert (bundle.outside(row), bundle.outside(bare)) == ([], [])
    assert bundle.probabilities([row]).tolist() == bundle.probabilities([bare]).tolist()


@shipped
def test_every_field_of_its_card_says_something(name: str) -> None:
    assert faults_of(read_bundle(FOLDER / name).card) == []


@shipped
def test_its_card_tells_the_figures_of_its_report(name: str) -> None:
    told = read_bundle(FOLDER / name).card["results"]["performance"]

    for stage, figures in zip(report_of(name)["stages"], told, strict=True):
        assert {each: stage[each] for each in ("rows", "events", "non_events")} == {
            each: figures[each] for each in ("rows", "events", "non_events")
        }
        for figure, value in stage["figures"].items():
            assert figures[figure] == [each if each is None else round(each, 3) for each in bounds(value)]


@shipped
def test_the_gate_refuses_it_for_what_its_report_tells(name: str) -> None:
    bundle, report = read_bundle(FOLDER / name), report_of(name)

    assert judged(report["stages"], draws=report["draws"]) == report["gate"] == bundle.gate
    assert not bundle.gate["passed"]
    assert bundle.thresholds == {}
    assert report["draws"] == 1000
    assert report["bundle"]["content_hash"] == SHIPPED[name]
    assert all(stage["figures"]["auc"]["high"] < 0.65 for stage in report["stages"])


@shipped
def test_no_row_of_the_survey_is_in_it_and_it_is_small(name: str) -> None:
    files = {each.name: each.read_text(encoding="utf-8") for each in (FOLDER / name).iterdir()}

    assert set(files) == {"bundle.json", "card.json", "report.json", "report.html", "stated.json"}
    assert sum(map(len, files.values())) < 200_000
    bundle = json.loads(files["bundle.json"])
    assert max(len(each["edges"]) for each in bundle["reference"].values()) <= 9
    assert all(len(tree["leaf_values"]) <= 8 for stage in bundle["stages"] for tree in stage["trees"])


@pytest.mark.stress
def test_the_commands_of_the_how_to_make_it_again(tmp_path: Path) -> None:
    survey("b12_cbc_2003-2004.csv")
    train, validate = COMMAND.findall(HOW_TO.read_text(encoding="utf-8"))

    (name,) = SHIPPED
    for command in (train, validate):
        words = shlex.split(command.replace("\\\n", " "))
        for place, word in enumerate(words):
            if words[place - 1] in {"--csv", "--card"}:
                words[place] = str(settings.BASE_DIR / word)
            if words[place - 1] in {"--out", "--bundle"}:
                assert word == f"chiron/screening/bundles/{name}"
                words[place] = str(tmp_path)
        with nullcontext() if words[1] == "train" else pytest.raises(SystemExit):
            call_command(*words)

    assert read_bundle(tmp_path).content_hash == SHIPPED[name] == reference_bundle().content_hash
    for file in ("report.json", "report.html"):
        assert (tmp_path / file).read_bytes() == (FOLDER / name / file).read_bytes()
