"""What CatBoost exports, as the content of a stage. Used where models are trained; CatBoost itself is not imported."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def stage_of(model: Any, *, a: float, b: float, base_rate: float) -> dict[str, Any]:
    """A trained CatBoost model of two classes, with Platt's a and b, as a stage's content."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.json")
        model.save_model(str(path), format="json")
        return stage_of_export(json.loads(path.read_text()), a=a, b=b, base_rate=base_rate)


def stage_of_export(exported: Mapping[str, Any], *, a: float, b: float, base_rate: float) -> dict[str, Any]:
    """The same from the JSON that `save_model(format="json")` writes.

    Raises ValueError for what is not a sum of oblivious trees over float features.
    """
    scale, bias = exported["scale_and_bias"]
    missing = {
        each["flat_feature_index"]: each["nan_value_treatment"]
        for each in exported["features_info"]["float_features"]
        if each["has_nans"]
    }
    if "categorical_features" in exported["features_info"] or len(bias) != 1:
        raise ValueError("a stage has float features and one score")
    return {
        "trees": [_tree(tree, float(scale)) for tree in exported["oblivious_trees"]],
        "bias": float(bias[0]),
        "platt": {"a": float(a), "b": float(b)},
        "base_rate": float(base_rate),
        "missing_lowest": sorted(feature for feature, treatment in missing.items() if treatment == "AsFalse"),
        "missing_highest": sorted(feature for feature, treatment in missing.items() if treatment == "AsTrue"),
    }


def _tree(tree: Mapping[str, Any], scale: float) -> dict[str, Any]:
    if any(split["split_type"] != "FloatFeature" for split in tree["splits"] or ()):
        raise ValueError("a stage's trees ask for float features only")
    return {
        "splits": [[split["float_feature_index"], split["border"]] for split in tree["splits"] or ()],
        "leaf_values": [value * scale for value in tree["leaf_values"]],
        "leaf_weights": [float(weight) for weight in tree["leaf_weights"]],
    }
