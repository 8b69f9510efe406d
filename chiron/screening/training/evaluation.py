"""One stage on rows it has never seen: figures with intervals, baselines, subgroups, and the points of the plots."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiron.screening.rules import Point, predictive
from chiron.screening.training import measures
from chiron.screening.training.bootstrap import Figure, figures
from chiron.screening.training.measures import Floats, Mask

LEAST_IN_GROUP = 30
"""Events, and non-events, without which a subgroup is not measured."""
POINTS = 100
"""Points of the ROC curve: quantiles, so that no row can be read off it."""
PREVALENCES = (0.027, 0.05, 0.10, 0.20)


@dataclass(frozen=True, slots=True)
class Asked:
    """The rows of one stage: what came, what was said, and by whom else.

    `baselines` are probabilities by name; `groups` the value of each row by the group's name.
    """

    stage: int
    question: str
    outcome: Mask
    probability: Floats
    threshold: float
    patients: NDArray[np.str_]
    baselines: dict[str, Floats]
    groups: dict[str, NDArray[np.str_]]


def evaluated(tested: Asked, *, draws: int, seed: int) -> dict[str, Any]:
    """The whole report on one stage, as data; intervals are those of 95 % of the draws of patients."""
    outcome = tested.outcome
    events = int(outcome.sum())
    told = figures(partial(measured, tested), tested.patients, draws=draws, seed=seed)
    return {
        "stage": tested.stage,
        "question": tested.question,
        "rows": len(outcome),
        "patients": len(np.unique(tested.patients)),
        "events": events,
        "non_events": len(outcome) - events,
        "prevalence": events / len(outcome) if len(outcome) else None,
        "threshold": tested.threshold,
        "figures": {name: asdict(figure) for name, figure in told.items() if ":" not in name},
        "baselines": {
            name: {"auc": asdict(told[f"auc:{name}"]), "gain": asdict(told[f"gain:{name}"])}
            for name in tested.baselines
            if f"auc:{name}" in told
        },
        "predictive_values": list(predictive_values(told)),
        "subgroups": list(subgroups(tested, draws=draws, seed=seed)),
        "roc": roc(outcome, tested.probability),
        "calibration": list(calibration(outcome, tested.probability)),
        "decision": list(decision(outcome, tested.probability)),
    }


def measured(tested: Asked, weights: Floats) -> dict[str, Floats]:
    """Every figure of a stage, and the AUC of each baseline with what the model gains over it, per draw."""
    outcome, probability = tested.outcome, tested.probability
    score = measures.logit(probability)
    auc = measures.auc(outcome, probability, weights)
    told = {
        "auc": auc,
        "auprc": measures.auprc(outcome, probability, weights),
        **measures.at_threshold(outcome, probability, weights, tested.threshold),
        "brier": measures.brier(outcome, probability, weights),
        "brier_skill": measures.brier_skill(outcome, probability, weights),
        "calibration_slope": measures.recalibration(outcome, score, weights)[:, 0],
        "calibration_intercept": measures.calibration_in_the_large(outcome, score, weights),
        "observed_to_expected": measures.observed_to_expected(outcome, probability, weights),
        "ece": measures.ece(outcome, probability, weights),
    }
    for name, baseline in tested.baselines.items():
        told[f"auc:{name}"] = measures.auc(outcome, baseline, weights)
        told[f"gain:{name}"] = auc - told[f"auc:{name}"]
    return told


def subgroups(tested: Asked, *, draws: int, seed: int) -> Iterator[dict[str, Any]]:
    """Each value of each group, with its figures where it has events and non-events enough."""
    for group, values in tested.groups.items():
        for value in np.unique(values):
            rows = values == value
            outcome, probability = tested.outcome[rows], tested.probability[rows]
            events = int(outcome.sum())
            enough = min(events, len(outcome) - events) >= LEAST_IN_GROUP
            told: dict[str, Figure] = {}
            if enough:
                told = figures(partial(of_group, outcome, probability), tested.patients[rows], draws=draws, seed=seed)
            counts = {"events": events, "non_events": len(outcome) - events} if enough else {}
            yield {"group": group, "value": str(value), "enough": enough, **counts} | {
                name: asdict(figure) for name, figure in told.items()
            }


def of_group(outcome: Mask, probability: Floats, weights: Floats) -> dict[str, Floats]:
    return {
        "auc": measures.auc(outcome, probability, weights),
        "observed_to_expected": measures.observed_to_expected(outcome, probability, weights),
    }


def predictive_values(told: dict[str, Figure]) -> Iterator[dict[str, float | None]]:
    """What a positive and a negative mean where so many have it."""
    if told:
        point = Point(0.0, told["sensitivity"].value, told["specificity"].value)
        for prevalence in PREVALENCES:
            yield {"prevalence": prevalence, **asdict(predictive(point, prevalence))}


def roc(outcome: Mask, probability: Floats) -> list[list[float]]:
    """[1 - specificity, sensitivity] at hundred quantiles of the probability, from the strictest threshold on."""
    if outcome.all() or not outcome.any():
        return []
    thresholds = np.unique(np.quantile(probability, np.linspace(0, 1, POINTS + 1)))[::-1]
    called = probability >= thresholds[:, None]
    points = np.column_stack((called[:, ~outcome].mean(axis=1), called[:, outcome].mean(axis=1)))
    return [[0.0, 0.0], *([round(float(x), 4), round(float(y), 4)] for x, y in points)]


def calibration(outcome: Mask, probability: Floats) -> Iterator[dict[str, float]]:
    """What was said and what came in each tenth of the rows, with Wilson's interval of 95 %."""
    for rows in measures.bins(probability):
        n, share = len(rows), float(outcome[rows].mean())
        z = 1.96
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
        said = float(probability[rows].mean())
        yield {"said": said, "came": share, "low": max(0.0, middle - half), "high": min(1.0, middle + half), "rows": n}


def decision(outcome: Mask, probability: Floats) -> Iterator[dict[str, float]]:
    """Net benefit of the model and of treating all, at each threshold up to twice the prevalence (at least 0.1)."""
    if not len(outcome):
        return
    ones = np.ones((1, len(outcome)))
    last = min(0.9, max(0.1, 2 * float(outcome.mean())))
    for threshold in np.linspace(last / 50, last, 50):
        at = measures.at_threshold(outcome, probability, ones, float(threshold))
        yield {
            "threshold": float(threshold),
            "model": float(at["net_benefit"][0]),
            "all": float(at["net_benefit_all"][0]),
        }
