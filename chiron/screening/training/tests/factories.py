"""Files to train on, written row by row, and the survey where it is there."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from chiron.screening.blood.features import FEATURES
from chiron.screening.training.cohort import Source
from chiron.screening.training.columns import CANONICAL
from chiron.screening.training.labels import Label

NHANES = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "nhanes"
ROCHE = Label(unit="pg/mL", assay="Roche E170", cutoffs=(200, 300))

ALICE: dict[str, str] = dict(
    zip(
        FEATURES,
        (
            "13.5",
            "40.5",
            "4.5",
            "90",
            "30",
            "33.3",
            "13.1",
            "6.5",
            "250",
            "60",
            "30",
            "7",
            "2.5",
            "0.5",
            "44",
            "female",
        ),
        strict=True,
    )
) | {"patient": "alice", "time": "2021", "b12": "420"}
"""A row that counts."""


def survey(name: str) -> Path:
    """A file of NHANES; skips the test where it is absent."""
    path = NHANES / name
    if not path.exists():
        pytest.skip("needs the survey in ../shared/data/nhanes")
    return path


def written(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def source(label: Label = ROCHE) -> Source:
    return Source(CANONICAL, "time", label, {})
