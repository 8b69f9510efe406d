"""What is made of probabilities: a class, a risk, what it is worth where the deficiency is so common. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from chiron.screening.words import Reason, ResultClass, RiskClass

YOUNGEST, OLDEST = 20, 85
"""Ages in completed years, both included, at which a model is asked at all."""

SAME_AS_BASE = (0.8, 1.25)
"""How far observed over expected may lie from 1 for a calibrated model: the limits of the gate."""


@dataclass(frozen=True, slots=True)
class Point:
    """A threshold on a probability, with what it found and spared where it was tested (None: not measured)."""

    probability: float
    sensitivity: float | None = None
    specificity: float | None = None

    @classmethod
    def read(cls, thresholds: Mapping[str, Any], name: str) -> Self | None:
        """The threshold of that name in a bundle; None where the bundle allows no class by it."""
        said = thresholds.get(name)
        if said is None:
            return None
        return cls(said["probability"], said.get("sensitivity"), said.get("specificity"))


def class_of(p_borderline: float, p_deficient: float, low: Point | None, deficient: Point | None) -> ResultClass | None:
    """The class that a bundle's thresholds allow: `low` on P(B12 is low), `deficient` on P(deficient, if low)."""
    p_low = p_borderline + p_deficient
    if low is None:
        return None
    if p_low < low.probability:
        return ResultClass.NORMAL
    if deficient is None:
        return None
    return ResultClass.DEFICIENT if p_deficient >= deficient.probability * p_low else ResultClass.BORDERLINE


def risk_class_of(p_deficient: float, base_rate: float) -> RiskClass:
    """Uninformative where the probability is between 0.8 and 1.25 times the base rate of those trained on, both
    included: a calibrated model may be off by as much, so it says no more than the base rate. Else low or raised."""
    lowest, highest = (base_rate * each for each in SAME_AS_BASE)
    if p_deficient < lowest:
        return RiskClass.LOW
    return RiskClass.RAISED if p_deficient > highest else RiskClass.UNINFORMATIVE


@dataclass(frozen=True, slots=True)
class Predictive:
    """Of those called deficient, how many are; of those not called so, how many are not. None: cannot be said."""

    ppv: float | None
    npv: float | None


def predictive(point: Point | None, share: float) -> Predictive:
    """What a test of that sensitivity and specificity is worth where that share has what it looks for (Bayes)."""
    if point is None or point.sensitivity is None or point.specificity is None:
        return Predictive(None, None)
    called, spared = point.sensitivity * share, point.specificity * (1 - share)
    wrongly_called, missed = (1 - point.specificity) * (1 - share), (1 - point.sensitivity) * share
    return Predictive(_share(called, wrongly_called), _share(spared, missed))


def _share(of: float, rest: float) -> float | None:
    return of / (of + rest) if of + rest > 0 else None


def reasons_against(age: int, sex: str, *, pregnant: bool, treated: bool) -> list[Reason]:
    """Why no model is asked about somebody, whatever the count says."""
    found = {
        Reason.PREGNANT: pregnant,
        Reason.TREATED: treated,
        Reason.TOO_YOUNG: age < YOUNGEST,
        Reason.TOO_OLD: age > OLDEST,
        Reason.SEX: sex not in ("female", "male"),
    }
    return [reason for reason, holds in found.items() if holds]
