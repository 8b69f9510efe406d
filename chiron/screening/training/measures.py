"""How well probabilities do: each measure for many weightings of the same rows at once.

`outcome` and `probability` have one value per row; `weights` is draws × rows, and every measure answers one value per
draw: nan where a draw has nothing to measure on. A weight of ones is the measure itself.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FAR = 1e-9
"""Probabilities are kept so far from 0 and 1 where their logit is taken."""
STEPS = 30
CLOSE = 1e-8
BINS = 10


def divided(above: Floats, below: Floats) -> Floats:
    """above / below, nan where below is zero."""
    result: Floats = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=result, where=below != 0)
    return result


def logit(probability: Floats) -> Floats:
    inside = np.clip(probability, FAR, 1 - FAR)
    result: Floats = np.log(inside / (1 - inside))
    return result


def expit(score: Floats) -> Floats:
    result: Floats = 1 / (1 + np.exp(-np.clip(score, -40, 40)))
    return result


def by_score(outcome: Mask, probability: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Events and non-events at each distinct probability, from the lowest on: draws × distinct, twice."""
    order = np.argsort(probability, kind="stable")
    ordered = probability[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    weights, outcome = weights[:, order], outcome[order]
    events = np.add.reduceat(weights * outcome, starts, axis=1)
    others = np.add.reduceat(weights * ~outcome, starts, axis=1)
    return events, others


def auc(outcome: Mask, probability: Floats, weights: Floats) -> Floats:
    """How often an event is ranked above a non-event, ties counting half (Mann and Whitney 1947)."""
    events, others = by_score(outcome, probability, weights)
    below = np.cumsum(others, axis=1) - others
    won = (events * (below + others / 2)).sum(axis=1)
    return divided(won, events.sum(axis=1) * others.sum(axis=1))


def auprc(outcome: Mask, probability: Floats, weights: Floats) -> Floats:
    """Average precision: the mean of the precision over the recall gained at each distinct probability."""
    events, others = (each[:, ::-1] for each in by_score(outcome, probability, weights))
    found = np.cumsum(events, axis=1)
    precision = np.nan_to_num(divided(found, found + np.cumsum(others, axis=1)))
    return divided((events * precision).sum(axis=1), events.sum(axis=1))


def at_threshold(outcome: Mask, probability: Floats, weights: Floats, threshold: float) -> dict[str, Floats]:
    """Sensitivity, specificity, PPV, NPV of calling positive at the threshold or above, and the net benefits.

    Net benefit: Vickers and Elkin 2006, true positives less false ones weighed by the odds of the threshold, per row.
    """
    called = probability >= threshold
    odds = threshold / (1 - threshold)
    total = weights.sum(axis=1)
    true, false = weights @ (called & outcome), weights @ (called & ~outcome)
    events, others = weights @ outcome, weights @ ~outcome
    return {
        "sensitivity": divided(true, events),
        "specificity": divided(others - false, others),
        "ppv": divided(true, true + false),
        "npv": divided(others - false, total - true - false),
        "net_benefit": divided(true - false * odds, total),
        "net_benefit_all": divided(events - others * odds, total),
    }


def brier(outcome: Mask, probability: Floats, weights: Floats) -> Floats:
    """Mean squared error of the probability."""
    return divided(weights @ (probability - outcome) ** 2, weights.sum(axis=1))


def brier_skill(outcome: Mask, probability: Floats, weights: Floats) -> Floats:
    """1 less the Brier score over that of saying the sample's own prevalence to everybody: 0 knows nothing."""
    prevalence = divided(weights @ outcome, weights.sum(axis=1))
    return 1 - divided(brier(outcome, probability, weights), prevalence * (1 - prevalence))


def observed_to_expected(outcome: Mask, probability: Floats, weights: Floats) -> Floats:
    return divided(weights @ outcome, weights @ probability)


def ece(outcome: Mask, probability: Floats, weights: Floats) -> Floats:
    """Expected calibration error: |observed - said|, averaged over ten bins of equally many rows."""
    total = weights.sum(axis=1)
    error = np.zeros(len(weights))
    for rows in bins(probability):
        error += np.abs(weights[:, rows] @ (outcome[rows] - probability[rows]))
    return divided(error, total)


def bins(probability: Floats, count: int = BINS) -> list[NDArray[np.intp]]:
    """The rows by rising probability, in so many parts of nearly equal size; none is empty."""
    return [part for part in np.array_split(np.argsort(probability, kind="stable"), count) if len(part)]


def recalibration(outcome: Mask, score: Floats, weights: Floats) -> Floats:
    """Slope and intercept of the logistic regression of the outcome on the score, draws × 2, by Newton's method.

    On raw scores these are Platt's two numbers; on the logit of probabilities they are the calibration slope and its
    intercept. nan where they cannot be told: one class only, one score only, or classes that a score parts wholly.
    """
    middle, width = score.mean(), score.std()
    if not width:
        return np.full((len(weights), 2), np.nan)
    even = (score - middle) / width
    found = np.zeros((len(weights), 2))
    found[:, 1] = logit(divided(weights @ outcome, weights.sum(axis=1)))
    step = np.zeros(0)
    for _ in range(STEPS):
        said = expit(found[:, :1] * even + found[:, 1:])
        rest, spread = weights * (outcome - said), weights * said * (1 - said)
        by_slope, by_intercept = rest @ even, rest.sum(axis=1)
        aa, ab, bb = spread @ even**2, spread @ even, spread.sum(axis=1)
        determinant = aa * bb - ab * ab
        determinant = np.where(determinant > 1e-12 * aa * bb, determinant, 0.0)
        slopes, intercepts = bb * by_slope - ab * by_intercept, aa * by_intercept - ab * by_slope
        step = np.column_stack((divided(slopes, determinant), divided(intercepts, determinant)))
        found = found + np.clip(step, -2, 2)
        if not (np.abs(step) > CLOSE).any():
            break
    found[~(np.abs(step) <= 1e-4).all(axis=1)] = np.nan
    slope = found[:, 0] / width
    return np.column_stack((slope, found[:, 1] - slope * middle))


def calibration_in_the_large(outcome: Mask, score: Floats, weights: Floats) -> Floats:
    """The intercept with the slope held at 1: below zero, more was said than came."""
    found = np.zeros(len(weights))
    for _ in range(STEPS):
        said = expit(score + found[:, None])
        spread = (weights * said * (1 - said)).sum(axis=1)
        step = divided((weights * (outcome - said)).sum(axis=1), spread)
        found = found + np.clip(step, -2, 2)
        if not (np.abs(step) > CLOSE).any():
            break
    events = weights @ outcome
    found[(events == 0) | (events == weights.sum(axis=1))] = np.nan
    return found
