"""A bundle's folder: written, read again, and refused when anything in it was changed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chiron.screening.model import folders
from chiron.screening.model.folders import BundleDamaged, read_bundle, write_bundle
from chiron.screening.model.tests.factories import bundle_in, content, made_up, trained


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = bundle_in(tmp_path)

    read = read_bundle(tmp_path)

    rows = made_up(100, seed=3, missing=0.1)
    assert read.content_hash == written.content_hash
    assert read.probabilities(rows).tobytes() == written.probabilities(rows).tobytes()
    assert (read.name, read.version, read.gate) == ("made-up", "1", {"passed": False, "reasons": ["made up"]})


def test_the_hash_is_of_the_content_and_not_of_the_file(tmp_path: Path) -> None:
    written = bundle_in(tmp_path)
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(dict(reversed(json.loads(file.read_text()).items())), indent=4))

    assert read_bundle(tmp_path).content_hash == written.content_hash


def test_training_again_gives_the_same_hash(tmp_path: Path) -> None:
    first = bundle_in(tmp_path / "first")
    trained.cache_clear()

    assert bundle_in(tmp_path / "again").content_hash == first.content_hash


def other_leaf(found: dict[str, Any]) -> None:
    found["stages"][0]["trees"][3]["leaf_values"][2] += 1e-15


def other_border(found: dict[str, Any]) -> None:
    found["stages"][1]["trees"][0]["splits"][0][1] += 0.5


def other_threshold(found: dict[str, Any]) -> None:
    found["thresholds"]["deficient"] = 0.1


def other_box(found: dict[str, Any]) -> None:
    found["boxes"]["age"] = [0, 120]


def other_calibration(found: dict[str, Any]) -> None:
    found["stages"][0]["platt"]["a"] = 1.0


def passed_the_gate(found: dict[str, Any]) -> None:
    found["gate"] = {"passed": True, "reasons": []}


def other_hash(found: dict[str, Any]) -> None:
    found["content_hash"] = "0" * 64


def no_hash(found: dict[str, Any]) -> None:
    del found["content_hash"]


CHANGES = (
    other_leaf,
    other_border,
    other_threshold,
    other_box,
    other_calibration,
    passed_the_gate,
    other_hash,
    no_hash,
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_bundle_is_refused(tmp_path: Path, change: Any) -> None:
    bundle_in(tmp_path)
    file = tmp_path / "bundle.json"
    found = json.loads(file.read_text())
    change(found)
    file.write_text(json.dumps(found))

    with pytest.raises(BundleDamaged, match="was changed"):
        read_bundle(tmp_path)


def test_a_changed_card_is_refused(tmp_path: Path) -> None:
    bundle_in(tmp_path)
    (tmp_path / "card.json").write_text('{"name": "made-up", "intended_use": "everybody"}')

    with pytest.raises(BundleDamaged, match="its card says something else"):
        read_bundle(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": NaN}', "[" * 100_000, "\x00"])
def test_what_is_not_a_bundles_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bundle.json").write_text(text)

    with pytest.raises(BundleDamaged):
        read_bundle(tmp_path)


def test_a_bundle_of_another_format_is_refused_though_its_hash_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr(folders, "FORMAT", "chiron-b12-bundle/2")
        bundle_in(tmp_path)

    with pytest.raises(BundleDamaged, match="is of another format"):
        read_bundle(tmp_path)


def test_a_file_that_no_bundle_fills_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle_in(tmp_path)
    monkeypatch.setattr(folders, "LARGEST", 1000)

    with pytest.raises(BundleDamaged, match=r"bundle\.json is too large"):
        read_bundle(tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match="absent/bundle.json cannot be read"):
        read_bundle(tmp_path / "absent")


@pytest.mark.parametrize(
    "wrong",
    [
        {"boxes": {}},
        {"stages": []},
        {"stages": [{}, {}]},
        {"features": ["age"], "boxes": {"age": [0, 1]}},
        {"gate": None},
    ],
)
def test_what_is_no_bundle_is_not_written(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(BundleDamaged, match="this is no bundle"):
        write_bundle(tmp_path / "new", **{**content(), **wrong})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_base_rate_of_none_or_all_is_no_base_rate(tmp_path: Path, rate: float) -> None:
    first, second = content()["stages"]

    with pytest.raises(BundleDamaged, match="a base rate lies between 0 and 1"):
        bundle_in(tmp_path / "new", stages=[first, second | {"base_rate": rate}])


def test_numbers_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        bundle_in(tmp_path / "new", thresholds={"deficient": np.inf})

    assert list(tmp_path.iterdir()) == []
