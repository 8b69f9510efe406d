"""Bundles by their hash: what is changed, foreign or away answers nobody."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from chiron.screening import shelf
from chiron.screening.errors import BundleMissing
from chiron.screening.model.folders import BundleDamaged
from chiron.screening.model.tests.factories import bundle_in, made_up
from chiron.screening.shelf import (
    bundle_for,
    bundles_there,
    changed_bundles,
    put_bundle,
    reference_bundle,
)


@pytest.fixture(autouse=True)
def empty_shelf(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BUNDLES_DIR = tmp_path / "bundles"
    monkeypatch.setattr(shelf, "FOLDER", tmp_path / "shipped")
    monkeypatch.setattr(shelf, "SHIPPED", {})


def change(file: Path) -> None:
    file.write_text(file.read_text().replace('"version":"1"', '"version":"2"'))


def test_a_bundle_is_put_on_the_shelf_and_found_by_its_hash(tmp_path: Path) -> None:
    made = bundle_in(tmp_path / "made")

    put_bundle(tmp_path / "made")
    put_bundle(tmp_path / "made")

    found, rows = bundle_for(made.content_hash), made_up(5, seed=1)
    assert found.probabilities(rows).tobytes() == made.probabilities(rows).tobytes()
    assert bundles_there() == [found]
    assert [each.name for each in (tmp_path / "bundles").iterdir()] == [made.content_hash]


def test_an_older_bundle_answers_again_beside_a_newer_one(tmp_path: Path) -> None:
    older, newer = bundle_in(tmp_path / "older"), bundle_in(tmp_path / "newer", version="2")
    put_bundle(tmp_path / "older")
    put_bundle(tmp_path / "newer")

    asked = [bundle_for(each.content_hash).version for each in (newer, older, newer, older)]

    assert asked == ["2", "1", "2", "1"]


def test_a_bundle_that_is_away_is_missing() -> None:
    with pytest.raises(BundleMissing):
        bundle_for("a" * 64)
    with pytest.raises(BundleMissing):
        reference_bundle()


@pytest.mark.parametrize("name", ["", "..", "../made", "A" * 64, "a" * 63 + "/"])
def test_what_is_no_hash_names_no_folder(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle_in(tmp_path / "made")
    monkeypatch.setattr(shelf, "read_bundle", lambda folder: pytest.fail(f"{folder} was read"))

    with pytest.raises(BundleMissing):
        bundle_for(name)


def test_a_damaged_bundle_is_not_put_on_the_shelf(tmp_path: Path) -> None:
    bundle_in(tmp_path / "made")
    change(tmp_path / "made" / "bundle.json")

    with pytest.raises(BundleDamaged):
        put_bundle(tmp_path / "made")

    assert not (tmp_path / "bundles").exists()


def test_a_bundle_that_was_changed_answers_nobody_and_is_named(tmp_path: Path) -> None:
    made = bundle_in(tmp_path / "made")
    put_bundle(tmp_path / "made")
    assert changed_bundles() == []
    change(tmp_path / "bundles" / made.content_hash / "bundle.json")

    with pytest.raises(BundleMissing):
        bundle_for(made.content_hash)
    [fault] = changed_bundles()
    assert fault.startswith(f"{made.content_hash} was changed: its content hashes to ")
    assert bundles_there() == []


def test_a_whole_bundle_in_the_place_of_another_is_named(tmp_path: Path) -> None:
    made, other = bundle_in(tmp_path / "made"), bundle_in(tmp_path / "other", version="2")
    put_bundle(tmp_path / "made")
    shutil.copytree(tmp_path / "other", tmp_path / "bundles" / made.content_hash, dirs_exist_ok=True)

    assert changed_bundles() == [f"{made.content_hash} holds another bundle than it may: {other.content_hash}"]


def test_a_shipped_bundle_has_the_hash_that_the_code_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = bundle_in(tmp_path / "shipped" / "reference-1")
    monkeypatch.setattr(shelf, "SHIPPED", {"reference-1": shipped.content_hash})

    assert reference_bundle().content_hash == shipped.content_hash
    assert changed_bundles() == []

    shutil.rmtree(tmp_path / "shipped")
    bundle_in(tmp_path / "shipped" / "reference-1", version="2")

    [fault] = changed_bundles()
    assert fault.startswith("reference-1 holds another bundle than it may: ")


def test_what_lies_beside_the_bundles_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bundles" / "new-unfinished").mkdir(parents=True)
    (tmp_path / "bundles" / "notes.txt").write_text("ours")

    assert changed_bundles() == []
    assert bundles_there() == []


def test_the_bundles_of_this_version_are_what_the_code_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    assert changed_bundles() == []
    assert shelf.SHIPPED.keys() == {each.name for each in shelf.FOLDER.glob("*/") if each.is_dir()}
