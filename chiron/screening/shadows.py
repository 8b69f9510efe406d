"""What a bundle says of a row without being asked in earnest: in the shadow of the active one, or to be tried. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose

from chiron.screening.answering import Question, classified, points_of, why_not
from chiron.screening.model.bundles import Bundle
from chiron.screening.words import Mode, Reason, ResultClass, ShadowOutcome

WRONG = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What a bundle raises whose hash is right and whose content is not what this Chiron understands."""


@dataclass(frozen=True, slots=True)
class Shade:
    """What a bundle would have said: probabilities and perhaps a class, reasons for none, or that it failed."""

    outcome: ShadowOutcome
    probabilities: tuple[float | None, float | None, float | None] = (None, None, None)
    result_class: ResultClass | None = None
    reasons: tuple[Reason, ...] = ()


FAILED = Shade(ShadowOutcome.FAILED)


def shade_of(question: Question, row: Sequence[float], bundle: Bundle | None) -> Shade:
    """What this bundle would say of a row (nan for what is missing); that it failed where it is away or is not right.

    It has no contributions, which nobody reads and which take the most time. Raises nothing.
    """
    if bundle is None:
        return FAILED
    try:
        if reasons := why_not(question, bundle, row):
            return Shade(ShadowOutcome.ABSTAINED, reasons=tuple(reasons))
        probabilities, result_class = classified(bundle, row, points_of(bundle))
    except WRONG:
        return FAILED
    if not isclose(sum(probabilities), 1.0, abs_tol=1e-9):
        return FAILED
    return Shade(ShadowOutcome.CLASSIFIED, probabilities, result_class)


def answers(bundle: Bundle) -> bool:
    """Whether it answers a row from the middle of its own training."""
    nobody = Question(cbc={}, age=50, sex="female", mode=Mode.RESEARCH, prevalence=0.0, prevalence_source="")
    middle = [(low + high) / 2 for low, high in (bundle.boxes[name] for name in bundle.features)]
    return shade_of(nobody, middle, bundle) is not FAILED
