"""The command: what it writes, what it says, and what it refuses without writing."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chiron.screening.model.folders import read_bundle
from chiron.screening.training.tests.conftest import MadeUp
from chiron.screening.training.tests.factories import ALICE, written

SOURCE = ("--label-unit", "pg/mL", "--assay", "Roche E170", "--time-col", "time")


def b12(*arguments: str | Path) -> None:
    call_command("b12", *map(str, arguments))


def test_from_made_up_patients_to_a_report_and_the_gate_says_no_by_exit_code(tmp_path: Path, capsys: Any) -> None:
    rows, folder = tmp_path / "rows.csv", tmp_path / "bundle"
    (tmp_path / "card.json").write_text('{"contact": "Alice"}', encoding="utf-8")

    b12("demo-data", "--seed", "3", "--rows", "1200", "--out", rows)
    named = ("--name", "small", "--model-version", "2", "--card", tmp_path / "card.json")
    b12("train", "--csv", rows, *SOURCE, "--cutoffs", "200,300", "--periods", "2021,2022", *named, "--out", folder)
    trained = read_bundle(folder)
    with pytest.raises(SystemExit) as left:
        b12("validate", "--bundle", folder, "--csv", rows, *SOURCE, "--draws", "20")

    assert left.value.code == 1
    tested = read_bundle(folder)
    assert (tested.name, tested.version) == ("small", "2")
    assert tested.card["open_science"]["contact"] == "Alice"
    assert tested.gate["made_up"] is True
    assert tested.card["methods"]["data_source"].startswith("Made-up patients")
    assert tested.card["intended_use"].startswith("Trying the software. Never in care")
    assert tested.card["discussion"]["interpretation"].startswith("Made-up patients")
    assert (trained.training["periods"], trained.gate["passed"]) == (["2021", "2022"], False)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["data"]["periods"] == ["2023"]
    assert report["gate"] == tested.gate
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert tested.content_hash in page
    said = capsys.readouterr().out
    assert trained.content_hash in said
    assert all(reason in said for reason in report["gate"]["reasons"])
    assert "The model card says nothing of methods.setting, methods.ethics" in said
    assert "Its patients are made up: in production no organization can let it answer." in said


def test_the_same_seed_makes_up_the_same_patients(tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        b12("demo-data", "--seed", seed, "--rows", "50", "--out", tmp_path / name)

    first, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again != other
    assert first.decode().splitlines()[0].startswith("patient,time,site,pregnant,hemoglobin,")


def test_a_bundle_that_passes_is_said_to_and_left_where_it_was(made_up: MadeUp, tmp_path: Path, capsys: Any) -> None:
    before = (made_up.folder / "bundle.json").read_bytes()

    options = ("--out", tmp_path, "--json")
    b12("validate", "--bundle", made_up.folder, "--csv", made_up.path, *SOURCE, *options)

    content_hash = read_bundle(tmp_path).content_hash
    assert json.loads(capsys.readouterr().out) == {"passed": True, "reasons": [], "content_hash": content_hash}
    assert (made_up.folder / "bundle.json").read_bytes() == before


def test_a_bundle_tested_by_one_draw_has_passed_nothing(made_up: MadeUp, tmp_path: Path, capsys: Any) -> None:
    options = ("--draws", "1", "--out", tmp_path)
    with pytest.raises(SystemExit) as left:
        b12("validate", "--bundle", made_up.folder, "--csv", made_up.path, *SOURCE, *options)

    tested = read_bundle(tmp_path)
    assert left.value.code == 1
    assert (tested.gate["passed"], tested.thresholds) == (False, {})
    assert tested.gate["reasons"][0] == "1 draws of patients, 1,000 are needed."
    assert "1 draws of patients, 1,000 are needed." in capsys.readouterr().out


def test_the_label_among_the_features_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    rows = written(tmp_path / "rows.csv", [ALICE | {"mma_umol_l": "0.2"}])
    (tmp_path / "columns.json").write_text('{"rdw": "mma_umol_l"}', encoding="utf-8")
    arguments = ("--csv", rows, *SOURCE, "--cutoffs", "200,300", "--columns", tmp_path / "columns.json")

    with pytest.raises(CommandError, match="mma_umol_l"):
        b12("train", *arguments, "--out", tmp_path / "bundle")

    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("--cutoffs", "300"), "two numbers"),
        (("--assay-equation", "log"), "SLOPE,INTERCEPT"),
        (("--unit", "g/L"), "ANALYTE=UCUM"),
        (("--label-unit", "ng/L"), "pg/mL, pmol/L"),
        (("--cutoffs", "300,200"), "rising"),
        (("--columns", "absent.json"), "--columns is"),
        (("--card", "absent.json"), "--card is"),
    ],
)
def test_an_option_that_means_nothing_is_refused(changed: tuple[str, ...], words: str, tmp_path: Path) -> None:
    rows = written(tmp_path / "rows.csv", [ALICE])
    arguments = ("--csv", rows, *SOURCE, "--cutoffs", "200,300", "--out", tmp_path / "bundle")

    with pytest.raises(CommandError, match=words):
        b12("train", *arguments, *changed)

    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("periods", ["1999", "2021,1999", ""])
def test_a_period_of_which_nothing_is_there_is_refused(periods: str, tmp_path: Path) -> None:
    rows = written(tmp_path / "rows.csv", [ALICE])
    arguments = ("--csv", rows, *SOURCE, "--cutoffs", "200,300", "--periods", periods)

    with pytest.raises(CommandError, match=r"--periods: no row that counts is of ('1999'|'')\."):
        b12("train", *arguments, "--out", tmp_path / "bundle")

    assert not (tmp_path / "bundle").exists()


def test_a_folder_that_is_no_bundle_is_refused(made_up: MadeUp, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        b12("validate", "--bundle", tmp_path, "--csv", made_up.path, *SOURCE)

    assert list(tmp_path.iterdir()) == []
