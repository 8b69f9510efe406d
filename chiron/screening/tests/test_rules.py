"""What a probability is made to mean, at its borders."""

import pytest

from chiron.screening.rules import Point, Predictive, class_of, predictive, risk_class_of
from chiron.screening.words import ResultClass, RiskClass

LOW, DEFICIENT = Point(0.5), Point(0.25)


@pytest.mark.parametrize(
    ("p_borderline", "p_deficient", "result_class"),
    [
        (0.25, 0.125, ResultClass.NORMAL),
        (0.375, 0.125, ResultClass.DEFICIENT),
        (0.5, 0.125, ResultClass.BORDERLINE),
        (0.5, 0.25, ResultClass.DEFICIENT),
    ],
)
def test_at_a_threshold_itself_the_graver_class_is_given(
    p_borderline: float, p_deficient: float, result_class: ResultClass
) -> None:
    assert class_of(p_borderline, p_deficient, LOW, DEFICIENT) is result_class


def test_without_a_threshold_for_the_deficient_only_the_normal_have_a_class() -> None:
    assert class_of(0.25, 0.125, LOW, None) is ResultClass.NORMAL
    assert class_of(0.5, 0.25, LOW, None) is None


@pytest.mark.parametrize(
    ("p_deficient", "risk_class"),
    [
        (0.39, RiskClass.LOW),
        (0.4, RiskClass.UNINFORMATIVE),
        (0.625, RiskClass.UNINFORMATIVE),
        (0.63, RiskClass.RAISED),
    ],
)
def test_a_risk_is_low_below_and_raised_above_what_a_calibrated_model_may_be_off_by(
    p_deficient: float, risk_class: RiskClass
) -> None:
    assert risk_class_of(p_deficient, base_rate=0.5) is risk_class


def test_what_an_answer_is_worth_follows_from_how_common_the_deficiency_is() -> None:
    assert predictive(Point(0.5, sensitivity=0.75, specificity=0.5), 0.5) == Predictive(0.6, 2 / 3)
    assert predictive(Point(0.5, sensitivity=1.0, specificity=0.0), 0.0) == Predictive(0.0, None)


@pytest.mark.parametrize("point", [None, Point(0.5), Point(0.5, sensitivity=0.5), Point(0.5, specificity=0.5)])
def test_what_was_not_measured_is_worth_nothing_that_could_be_said(point: Point | None) -> None:
    assert predictive(point, 0.5) == Predictive(None, None)
