"""A bundle on patients that it has never seen: the report, the gate, and the bundle sealed anew with what they say."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chiron.screening.blood.features import FEATURES
from chiron.screening.model.bundles import Bundle, Stage
from chiron.screening.model.folders import read_bundle, write_bundle
from chiron.screening.training import measures
from chiron.screening.training.baselines import said_by_baselines
from chiron.screening.training.card import STATED, card_of
from chiron.screening.training.cohort import Cohort, subgroups_of
from chiron.screening.training.errors import TrainingRefused
from chiron.screening.training.evaluation import Asked, evaluated
from chiron.screening.training.gate import LEAST_DRAWS, judged
from chiron.screening.training.labels import Label
from chiron.screening.training.measures import Floats

STAGES = ("low", "deficient")
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Trial:
    """How a bundle is tested: by how many draws of patients, and where the dice begin."""

    draws: int = LEAST_DRAWS
    seed: int = 0


def validate(
    folder: Path,
    out: Path,
    *,
    cohort: Cohort,
    label: Label,
    trial: Trial,
    told: Callable[[int], None] = lambda stage: None,
) -> tuple[Bundle, dict[str, Any]]:
    """Test a bundle on the later rows of a cohort; write it anew, with gate, card and (once passed) thresholds.

    The new bundle has the same trees and another content hash, since what it may be used for belongs to it. Raises
    TrainingRefused where the label is another one or no row is later than the training, BundleDamaged for the bundle.
    """
    bundle = read_bundle(folder)
    if label.as_data() != bundle.label:
        raise TrainingRefused(f"The bundle answers for {bundle.label['version']}: test it with that assay and cutoffs.")
    later = answered(bundle, unseen(cohort, bundle.training["periods"]))
    made_up = later.made_up or bool(bundle.training.get("made_up"))
    stages = []
    for tested in parts(bundle, later, label):
        told(tested.stage)
        stages.append(evaluated(tested, draws=trial.draws, seed=trial.seed))
    report: dict[str, Any] = rounded(
        {
            "label": bundle.label,
            "data": {
                "rows": len(later),
                "patients": len(np.unique(later.patients)),
                "periods": np.unique(later.periods).tolist(),
                "trained_on": bundle.training["periods"],
                "left_out": later.left_out,
            },
            "way": "temporal holdout: later periods only, no patient seen in training",
            "draws": trial.draws,
            "seed": trial.seed,
            "stages": stages,
            "contributions": contributions(bundle, later.features),
            "gate": judged(stages, draws=trial.draws) | ({"made_up": True} if made_up else {}),
        }
    )
    points = called(bundle, later, label) if report["gate"]["passed"] else {}
    sealed = rewritten(folder, bundle, report, points, out)
    about = {"name": sealed.name, "version": sealed.version, "content_hash": sealed.content_hash}
    return sealed, {"bundle": about} | report


def unseen(cohort: Cohort, trained: list[str]) -> Cohort:
    """The rows of periods after all that were trained on (as text), of patients with no row in one of those."""
    later = cohort.only(cohort.periods > max(trained), "not after the training")
    if not len(later):
        raise TrainingRefused(f"No row is later than the training ({', '.join(trained)}): test on what came after it.")
    seen = np.unique(cohort.patients[np.isin(cohort.periods, trained)])
    fresh = later.only(~np.isin(later.patients, seen), "patient seen in training")
    if not len(fresh):
        raise TrainingRefused("Every patient that came later was seen in training.")
    return fresh


def answered(bundle: Bundle, cohort: Cohort) -> Cohort:
    """The rows that the bundle would answer: where it abstains, it is not tested."""
    within = np.array([not bundle.outside(row) for row in cohort.features])
    return cohort.only(within, "outside what was trained on: it abstains")


def parts(bundle: Bundle, cohort: Cohort, label: Label) -> list[Asked]:
    """What is tested, stage by stage."""
    groups = subgroups_of(cohort)
    found = []
    for number, (question, asked, answers) in enumerate(label.stages(cohort.b12), start=1):
        features, notes = cohort.features[asked], bundle.training["stages"][number - 1]
        if not asked.any():
            raise TrainingRefused(f"Nobody is left to ask stage {number} about.")
        found.append(
            Asked(
                stage=number,
                question=question,
                outcome=answers[asked],
                probability=said_by(bundle.stages[number - 1], features),
                threshold=notes["threshold"],
                patients=cohort.patients[asked],
                baselines=said_by_baselines(notes["baselines"], features),
                groups={name: values[asked] for name, values in groups.items()},
            )
        )
    return found


def said_by(stage: Stage, features: Floats) -> Floats:
    return stage.probabilities(stage.forest.leaves(features))


def called(bundle: Bundle, cohort: Cohort, label: Label) -> dict[str, dict[str, float | None]]:
    """The thresholds with what they find and spare among all rows: `deficient` is the class, so both must be reached.

    What a class is worth at a prevalence follows from these, not from the second stage alone.
    """
    ones, reached = np.ones((1, len(cohort))), np.ones(len(cohort), dtype=np.bool_)
    found = {}
    for name, stage, notes, (_, _, answers) in zip(
        STAGES, bundle.stages, bundle.training["stages"], label.stages(cohort.b12), strict=True
    ):
        reached = reached & (said_by(stage, cohort.features) >= notes["threshold"])
        at = measures.at_threshold(answers, reached.astype(np.float64), ones, 0.5)
        told = {each: round(float(at[each][0]), DIGITS) for each in ("sensitivity", "specificity")}
        found[name] = {"probability": notes["threshold"]} | told
    return found


def contributions(bundle: Bundle, features: Floats) -> list[dict[str, Any]]:
    """What each feature adds to each stage's score: the mean size, and where 90 % of the rows lie; most first."""
    added = bundle.contributions_of(features)
    found = []
    for stage in range(added.shape[1]):
        for number, name in enumerate(FEATURES):
            column = added[:, stage, number]
            low, high = np.quantile(column, (0.05, 0.95))
            found.append(
                {
                    "stage": stage + 1,
                    "feature": name,
                    "mean": float(np.abs(column).mean()),
                    "low": float(low),
                    "high": float(high),
                }
            )
    return sorted(found, key=lambda each: (each["stage"], -each["mean"], each["feature"]))


def rewritten(folder: Path, bundle: Bundle, report: dict[str, Any], points: dict[str, Any], out: Path) -> Bundle:
    """The bundle with its gate, its card and its thresholds, in `out`."""
    content = json.loads((folder / "bundle.json").read_bytes())
    kept = ("name", "version", "features", "stages", "boxes", "reference", "label", "training")
    old = {**bundle.card["methods"], **bundle.card["open_science"]}
    stated = {name: old[name] for name in STATED}
    title, about = f"{bundle.name} {bundle.version}", {"label": content["label"], "training": content["training"]}
    card = card_of(title, **about, stated=stated, report=report)
    changed = {"gate": report["gate"], "thresholds": points, "card": card}
    return write_bundle(out, **{name: content[name] for name in kept}, **changed)


def rounded(value: Any) -> Any:
    """The same to six digits: more are noise, and differ between processors."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else value
