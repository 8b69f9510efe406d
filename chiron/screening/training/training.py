"""From a cohort to a bundle that nobody has validated yet."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import catboost  # type: ignore[import-untyped]
import numpy as np

from chiron.screening.blood.analytes import ANALYTES
from chiron.screening.blood.features import FEATURES
from chiron.screening.model.bundles import SCORES, Bundle, Stage
from chiron.screening.model.drift import reference_of
from chiron.screening.model.exported import stage_of
from chiron.screening.model.folders import write_bundle
from chiron.screening.training.baselines import fit_baselines
from chiron.screening.training.card import card_of
from chiron.screening.training.cohort import Cohort
from chiron.screening.training.fitting import GRID, Fitted, Setting, fit_stage
from chiron.screening.training.folds import folds_of
from chiron.screening.training.labels import Label
from chiron.screening.training.measures import Floats

BOX = (0.001, 0.999)
"""Quantiles between which a model may be asked: outside of them it has seen next to nobody."""
NOT_VALIDATED = {"passed": False, "reasons": ["It has not been validated on patients that it has never seen."]}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training is called, where its dice begin, and what it tries; `stated` goes into the model card."""

    name: str
    version: str
    seed: int
    stated: dict[str, str]
    grid: tuple[Setting, ...] = GRID


def train(
    folder: Path, *, cohort: Cohort, label: Label, plan: Plan, told: Callable[[int], None] = lambda stage: None
) -> Bundle:
    """Train both stages and write the bundle, without thresholds: it may give no class before the gate lets it.

    The same rows, label and plan make the same content hash. Raises TrainingRefused.
    """
    stages, notes = [], []
    for number, (question, asked, answers) in enumerate(label.stages(cohort.b12), start=1):
        told(number)
        features, outcome = cohort.features[asked], answers[asked]
        way, folds = folds_of(cohort.periods[asked], cohort.patients[asked], outcome, seed=plan.seed)
        fitted = fit_stage(features, outcome, folds, seed=plan.seed, grid=plan.grid)
        stages.append(stage_of(fitted.model, a=fitted.slope, b=fitted.intercept, base_rate=fitted.base_rate))
        notes.append(noted(question, way, fitted) | {"rows": len(outcome), "events": int(outcome.sum())})
        notes[-1]["baselines"] = fit_baselines(features, outcome)
    training = {
        "rows": len(cohort),
        "patients": len(np.unique(cohort.patients)),
        "periods": np.unique(cohort.periods).tolist(),
        "left_out": cohort.left_out,
        "digest": cohort.digest(),
        "seed": plan.seed,
        "catboost": catboost.__version__,
        "equations": [asdict(each) for each in label.equations],
        "stages": notes,
    } | ({"made_up": True} if cohort.made_up else {})
    return write_bundle(
        folder,
        name=plan.name,
        version=plan.version,
        features=FEATURES,
        stages=stages,
        thresholds={},
        boxes=boxes_of(cohort.features),
        reference=references(cohort.features, stages),
        gate=NOT_VALIDATED,
        label=label.as_data(),
        training=training,
        card=card_of(f"{plan.name} {plan.version}", label=label.as_data(), training=training, stated=plan.stated),
    )


def noted(question: str, way: str, fitted: Fitted) -> dict[str, Any]:
    """What a stage's training was, for the card and for validation."""
    return {
        "question": question,
        "tuning": way,
        "setting": asdict(fitted.setting),
        "tried": fitted.tried,
        "threshold": fitted.threshold,
    }


def boxes_of(features: Floats) -> dict[str, list[float]]:
    """Per feature its lowest and highest usual value; of one that nobody had, which no tree asks, all that can be."""
    found = {}
    for name, column in zip(FEATURES, features.T, strict=True):
        present = column[~np.isnan(column)]
        possible = (ANALYTES[name].low, ANALYTES[name].high) if name in ANALYTES else (0.0, 0.0)
        low, high = np.quantile(present, BOX, method="inverted_cdf") if len(present) else possible
        found[name] = [float(low), float(high)]
    return found


def references(features: Floats, stages: list[dict[str, Any]]) -> dict[str, Any]:
    """What drift is measured against: the tenths of each feature that anybody had, and of each probability."""
    first, second = (Stage.read(stage, len(FEATURES)) for stage in stages)
    low, deficient = (stage.probabilities(stage.forest.leaves(features)) for stage in (first, second))
    scores = (1 - low, low * (1 - deficient), low * deficient)
    columns = [*zip(FEATURES, features.T, strict=True), *zip(SCORES, scores, strict=True)]
    return {name: reference_of(column) for name, column in columns if not np.isnan(column).all()}
