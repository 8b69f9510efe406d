"""A bundle small enough to reckon by hand: one question a stage, and numbers that mean nothing for anybody."""

from pathlib import Path
from typing import Any

from chiron.screening.blood.features import FEATURES
from chiron.screening.model.bundles import Bundle
from chiron.screening.model.folders import write_bundle

MCV, MONOCYTES, AGE = (FEATURES.index(name) for name in ("mcv", "monocytes", "age"))


def stage(feature: int, border: float, *, rate: float) -> dict[str, Any]:
    """Below the border the score is -1, above it 1; the training was half here and half there."""
    tree = {"splits": [[feature, border]], "leaf_values": [-1.0, 1.0], "leaf_weights": [50.0, 50.0]}
    every = list(range(len(FEATURES)))
    return {
        "trees": [tree],
        "bias": 0.0,
        "platt": {"a": 1.0, "b": -1.0},
        "base_rate": rate,
        "missing_lowest": every,
        "missing_highest": [],
    }


def content(**changes: Any) -> dict[str, Any]:
    """What `write_bundle` is given: stage 1 asks for an MCV above 100 fL, stage 2 for an age above 60."""
    boxes = {name: [0.0, 1000.0] for name in FEATURES} | {"mcv": [60.0, 130.0]}
    return {
        "name": "by-hand",
        "version": "1",
        "features": FEATURES,
        "stages": [stage(MCV, 100.0, rate=0.2), stage(AGE, 60.0, rate=0.1)],
        "thresholds": {
            "low": {"probability": 0.3, "sensitivity": 0.8, "specificity": 0.7},
            "deficient": {"probability": 0.3, "sensitivity": 0.92, "specificity": 0.67},
        },
        "boxes": boxes,
        "reference": {},
        "gate": {"passed": True, "reasons": []},
        "label": {"assay": "none", "unit": "pg/mL", "cutoffs": [200.0, 300.0], "version": "1"},
        "training": {},
        "card": {"name": "by-hand", "intended_use": "tests"},
    } | changes


def put(folder: Path, **changes: Any) -> Bundle:
    """Such a bundle among the site's own."""
    made = write_bundle(folder / "new", **content(**changes))
    (folder / "new").rename(folder / made.content_hash)
    return made
