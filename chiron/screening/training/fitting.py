"""One stage: a few settings tried on rows held out, the best fitted on all, calibrated on the scores held out."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from catboost import CatBoostClassifier  # type: ignore[import-untyped]

from chiron.screening.training.errors import TrainingRefused
from chiron.screening.training.folds import Fold
from chiron.screening.training.measures import Floats, Mask, auc, expit, logit, recalibration

LEAST = 10
"""Events, and non-events, that every part trained on must have."""
DIGITS = 9
"""Of what is reckoned with sums in floating point: processors differ in the last digits of a sum, a hash must not."""
SENSITIVITY = 0.90
"""What the threshold of a stage finds of the events, in the rows held out."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Trees, questions per tree, and how much each tree counts."""

    trees: int
    depth: int
    rate: float


GRID = (
    Setting(trees=60, depth=1, rate=0.05),
    Setting(trees=60, depth=2, rate=0.05),
    Setting(trees=150, depth=2, rate=0.05),
    Setting(trees=150, depth=3, rate=0.05),
    Setting(trees=300, depth=3, rate=0.05),
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A stage as trained: its trees, Platt's numbers, the threshold, and what was said of the rows held out."""

    model: CatBoostClassifier
    setting: Setting
    slope: float
    intercept: float
    base_rate: float
    threshold: float
    held_out: Floats
    tried: list[dict[str, Any]]


def fit_stage(
    features: Floats, outcome: Mask, folds: list[Fold], *, seed: int, grid: tuple[Setting, ...] = GRID
) -> Fitted:
    """The smallest stage whose calibrated scores held out lose no more than the best's, within a standard error.

    The loss is the logarithmic one; Breiman et al. 1984 on the one standard error. Raises TrainingRefused.

    One thread, no sampling, a fixed seed: the same rows make the same trees.
    """
    for part in (outcome, *(outcome[fold.trained] for fold in folds)):
        events = int(part.sum())
        if min(events, len(part) - events) < LEAST:
            raise TrainingRefused(f"Each part to be trained on needs {LEAST} events and {LEAST} non-events at least.")
    scores = {setting: held_out_scores(features, outcome, folds, setting, seed) for setting in grid}
    said_by = {setting: calibrated(score, platt(score, outcome)) for setting, score in scores.items()}
    losses = {setting: log_losses(outcome, said) for setting, said in said_by.items()}
    best = smallest_of_the_good(losses)
    slope, intercept = platt(scores[best], outcome)
    said = said_by[best]
    ones = np.ones((1, len(outcome)))
    return Fitted(
        model=trees(features, outcome, best, seed),
        setting=best,
        slope=slope,
        intercept=intercept,
        base_rate=float(outcome.mean()),
        threshold=round(float(np.quantile(said[outcome], 1 - SENSITIVITY, method="lower")), 6),
        held_out=scores[best],
        tried=[
            asdict(setting)
            | {
                "log_loss": round(float(losses[setting].mean()), 6),
                "auc": round(float(auc(outcome, score, ones)[0]), 4),
            }
            for setting, score in scores.items()
        ],
    )


def held_out_scores(features: Floats, outcome: Mask, folds: list[Fold], setting: Setting, seed: int) -> Floats:
    """The raw score of each row, by trees that saw neither it nor any other row of its patient."""
    found = np.full(len(outcome), np.nan)
    for fold in folds:
        model = trees(features[fold.trained], outcome[fold.trained], setting, seed)
        found[fold.held_out] = model.predict(features[fold.held_out], prediction_type="RawFormulaVal", thread_count=1)
    return found


def trees(features: Floats, outcome: Mask, setting: Setting, seed: int) -> CatBoostClassifier:
    """Oblivious trees on these rows; a missing value lies below every border."""
    model = CatBoostClassifier(
        iterations=setting.trees,
        depth=setting.depth,
        learning_rate=setting.rate,
        l2_leaf_reg=10,
        nan_mode="Min",
        bootstrap_type="No",
        random_strength=0,
        boosting_type="Plain",
        random_seed=seed,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )
    return model.fit(features, outcome.astype(np.int8))


def platt(scores: Floats, outcome: Mask) -> tuple[float, float]:
    """Slope and intercept (Platt 1999) on scores held out: probability = expit(slope * score + intercept).

    Scores that rank the wrong way, or not at all, are given no weight: everybody gets the base rate.
    """
    slope, intercept = recalibration(outcome, scores, np.ones((1, len(outcome))))[0]
    if not (np.isfinite(slope) and slope > 0):
        return 0.0, round(float(logit(np.array([outcome.mean()]))[0]), DIGITS)
    return round(float(slope), DIGITS), round(float(intercept), DIGITS)


def calibrated(scores: Floats, numbers: tuple[float, float]) -> Floats:
    slope, intercept = numbers
    return expit(slope * scores + intercept)


def log_losses(outcome: Mask, said: Floats) -> Floats:
    """One per row."""
    losses: Floats = -np.log(np.clip(np.where(outcome, said, 1 - said), 1e-12, 1))
    return losses


def smallest_of_the_good(losses: dict[Setting, Floats]) -> Setting:
    """The first setting, in rising size, that is worse than the best by no more than the standard error of that."""
    best = min(losses.values(), key=lambda each: float(each.mean()))
    for setting, each in losses.items():
        worse = each - best
        if worse.mean() <= worse.std() / np.sqrt(len(worse)):
            return setting
    raise AssertionError("the best is worse than itself")
