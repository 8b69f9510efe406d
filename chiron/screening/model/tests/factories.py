"""Small models of made-up counts, trained by CatBoost on one thread, and the bundle of two of them."""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from catboost import CatBoostClassifier  # type: ignore[import-untyped]
from django.conf import settings

from chiron.screening.blood.features import FEATURES
from chiron.screening.model.bundles import Bundle
from chiron.screening.model.exported import stage_of
from chiron.screening.model.folders import write_bundle
from chiron.screening.model.forests import Floats

REAL = Path(settings.BASE_DIR).parent / "shared" / "data" / "nhanes"
USUAL = (14, 42, 4.7, 90, 30, 33, 13, 7, 250, 57, 31, 8, 3, 1, 50)
COLUMNS = (
    "LBXHGB", "LBXHCT", "LBXRBCSI", "LBXMCVSI", "LBXMCHSI", "LBXMC", "LBXRDW", "LBXWBCSI", "LBXPLTSI", "LBXNEPCT",
    "LBXLYPCT", "LBXMOPCT", "LBXEOPCT", "LBXBAPCT", "RIDAGEYR",
)  # fmt: skip


def made_up(number: int, *, seed: int, missing: float = 0.0) -> Floats:
    """Counts around what is usual, one decimal as laboratories write them; some analytes are missing."""
    chance = np.random.default_rng(seed)
    rows = np.round(np.array(USUAL) * chance.normal(1, 0.15, (number, len(USUAL))), 1)
    rows[:, :14][chance.random((number, 14)) < missing] = np.nan
    return np.column_stack([rows, chance.integers(0, 2, number)])


def labels(rows: Floats, *, seed: int) -> Floats:
    """Whom the made-up counts point to: a high MCV, a low hemoglobin, an old age, and chance."""
    chance = np.random.default_rng(seed)
    known = np.nan_to_num(rows, nan=30.0)
    found = known[:, 3] / 15 - known[:, 0] / 2 + known[:, 14] / 20 + chance.normal(0, 1.5, len(rows)) > 1.7
    return found.astype(np.float64)


@cache
def trained(seed: int, *, missing: float = 0.0, nan_mode: str = "Min", depth: int = 4, trees: int = 40) -> Any:
    rows = made_up(600, seed=seed, missing=missing)
    model = CatBoostClassifier(
        iterations=trees, depth=depth, nan_mode=nan_mode, random_seed=seed, thread_count=1, verbose=False,
        allow_writing_files=False,
    )  # fmt: skip
    return model.fit(rows, labels(rows, seed=seed))


def content(*, missing: float = 0.0, trees: int = 40) -> dict[str, Any]:
    """What `write_bundle` is given, for a model that works and that no patient should be asked about."""
    platts = ((0.9, -0.1), (1.1, 0.2))
    return {
        "name": "made-up",
        "version": "1",
        "features": FEATURES,
        "stages": [
            stage_of(trained(stage, missing=missing, trees=trees), a=a, b=b, base_rate=0.2)
            for stage, (a, b) in enumerate(platts)
        ],
        "thresholds": {"deficient": 0.3, "borderline": 0.4},
        "boxes": {**{name: [0.0, 1000.0] for name in FEATURES}, "age": [20.0, 85.0], "sex": [0.0, 1.0]},
        "reference": {},
        "gate": {"passed": False, "reasons": ["made up"]},
        "label": {"assay": "none", "low": 300, "deficient": 200, "unit": "pg/mL"},
        "training": {"rows": 600},
        "card": {"name": "made-up", "intended_use": "tests"},
    }


def bundle_in(folder: Path, **changes: Any) -> Bundle:
    return write_bundle(folder, **{**content(), **changes})


def real_rows() -> Floats | None:
    """Counts of adults (NHANES 2003-04 and 2011-12), with what is missing there; None where the data are not."""
    if not REAL.is_dir():
        return None
    parts: list[list[float]] = []
    for path in sorted(REAL.glob("b12_cbc_*.csv")):
        with path.open() as file:
            parts += [[float(line[name] or "nan") for name in (*COLUMNS, "RIAGENDR")] for line in csv.DictReader(file)]
    rows = np.array(parts)
    rows[:, -1] -= 1
    adults: Floats = rows[(rows[:, 14] >= 20) & ~np.isnan(rows[:, 0])]
    return adults
