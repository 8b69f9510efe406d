"""Which column of a file is what. Only these are read: whatever else a file holds cannot reach a model."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from chiron.screening.blood.features import FEATURES
from chiron.screening.training.errors import LabelLeaks, TrainingRefused

OF_THE_LABEL = re.compile(
    r"b12|cobal|methylmal|mma|homocyst|hcy|holo.?t|transcob|intrinsic|parietal|gastrin", re.IGNORECASE
)
"""Names of tests that answer what the model is asked, or that are done because of its answer."""
GROUPS = ("renal_disease", "metformin", "site")
"""Columns that make subgroups where a file has them; they are never features."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The column of each feature, of the patient, the label and the pregnancy, and how values are written there."""

    features: dict[str, str] = field(default_factory=lambda: {name: name for name in FEATURES})
    patient: str = "patient"
    label: str = "b12"
    pregnant: str = "pregnant"
    groups: tuple[str, ...] = GROUPS
    sexes: dict[str, str] = field(default_factory=lambda: {"male": "male", "female": "female"})
    pregnant_values: tuple[str, ...] = ("1", "true", "yes")

    def __post_init__(self) -> None:
        """Raises LabelLeaks where a feature is read from a column of the label's kind, or from the label itself."""
        if set(self.features) != set(FEATURES):
            odd = ", ".join(sorted(set(self.features) ^ set(FEATURES)))
            raise TrainingRefused(f"The features are {', '.join(FEATURES)}, each from one column; see to: {odd}.")
        read = list(self.features.values())
        if leaking := [name for name in read if OF_THE_LABEL.search(name) or name == self.label]:
            raise LabelLeaks(f"A feature is read from a column of the label's kind: {', '.join(leaking)}.")
        if len(set(read)) != len(read):
            raise TrainingRefused("Two features are read from one column.")

    def needed(self, time: str, unread: Collection[str] = ()) -> list[str]:
        """Every column without which nothing can be read, but for features that are not read."""
        features = [column for name, column in self.features.items() if name not in unread]
        return [*features, self.patient, self.label, time]


CANONICAL = Columns()
NHANES = Columns(
    features=dict(
        zip(
            FEATURES,
            (
                "LBXHGB", "LBXHCT", "LBXRBCSI", "LBXMCVSI", "LBXMCHSI", "LBXMC", "LBXRDW", "LBXWBCSI", "LBXPLTSI",
                "LBXNEPCT", "LBXLYPCT", "LBXMOPCT", "LBXEOPCT", "LBXBAPCT", "RIDAGEYR", "RIAGENDR",
            ),
            strict=True,
        )
    ),
    patient="SEQN",
    label="b12_pg_ml",
    pregnant="RIDEXPRG",
    groups=(),
    sexes={"1": "male", "2": "female"},
    pregnant_values=("1",),
)  # fmt: skip
"""The joined files of the US National Health and Nutrition Examination Survey, with its own names."""


def columns_of(named: str, *, patient: str | None = None, label: str | None = None) -> Columns:
    """`canonical`, `nhanes`, or a JSON file `{"hemoglobin": "HGB", …}` of what is called otherwise.

    Raises TrainingRefused where the file is none, LabelLeaks where it maps a feature to what answers the question.
    """
    if named in {"canonical", "nhanes"}:
        columns = CANONICAL if named == "canonical" else NHANES
    else:
        columns = replace(CANONICAL, features=CANONICAL.features | mapping_in(Path(named)))
    return replace(columns, patient=patient or columns.patient, label=label or columns.label)


def mapping_in(path: Path) -> dict[str, str]:
    try:
        given = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise TrainingRefused("--columns is canonical, nhanes, or a JSON file that can be read.") from None
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise TrainingRefused("The JSON file of --columns is one object of names.")
    return given
