"""The published contract changes only on purpose: ``make openapi`` rewrites the snapshots."""

from pathlib import Path

from config.openapi import snapshots

FOLDER = Path(__file__).parent / "snapshots"


def test_the_api_is_what_its_snapshots_say() -> None:
    assert snapshots() == {path.name: path.read_text() for path in FOLDER.glob("*.json")}
