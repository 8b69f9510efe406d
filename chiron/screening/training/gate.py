"""The gate: what a model must show on patients it has never seen before anyone is screened with it in earnest.

Each limit holds for each stage on its own. A figure that could not be measured has not been shown, so it fails.
"""

from collections.abc import Iterator
from typing import Any

from chiron.screening.training.cohort import BANDS, SEXES

LEAST_DRAWS = 1000
"""Of patients: the bounds of fewer are a matter of luck."""
LEAST_EVENTS = 100
LEAST_NON_EVENTS = 100
LEAST_AUC = 0.70
SLOPE = (0.8, 1.2)
OBSERVED_TO_EXPECTED = (0.8, 1.25)
MOST_ECE = 0.05
NEEDED_GROUPS = {"sex": SEXES, "age": BANDS}
"""Groups whose every value must be there and measurable; others are judged where they are."""
MOST_AUC_GAP = 0.10
"""How far a subgroup's AUC may lie below that of all."""
GROUP_OBSERVED_TO_EXPECTED = (0.67, 1.5)
AGE_AND_SEX = "age and sex"
TOO_GOOD = 0.98
"""An AUC that no blood count reaches: the answer has leaked into the question."""


def judged(stages: list[dict[str, Any]], *, draws: int) -> dict[str, Any]:
    """`{"passed", "reasons"}` of the stages' reports (`evaluation.evaluated`): each reason is one limit not kept.

    `draws` of patients are what the reports' intervals come from.
    """
    reasons = [f"{draws} draws of patients, {LEAST_DRAWS:,} are needed."] if draws < LEAST_DRAWS else []
    reasons += [f"Stage {stage['stage']}: {reason}" for stage in stages for reason in shortfalls(stage)]
    if not stages:
        reasons.append("Nothing was tested.")
    return {"passed": not reasons, "reasons": reasons}


def shortfalls(stage: dict[str, Any]) -> Iterator[str]:
    """Each limit that one stage does not keep, as a sentence with what was measured."""
    for what, least in (("events", LEAST_EVENTS), ("non_events", LEAST_NON_EVENTS)):
        if stage[what] < least:
            yield f"{stage[what]} {what.replace('_', '-')}, at least {least} are needed."
    figures = stage["figures"]
    yield from above("the lower bound of the AUC", bound(figures, "auc"), LEAST_AUC, or_equal=True)
    value = figures.get("auc", {}).get("value")
    if value is not None and value > TOO_GOOD:
        yield f"the AUC is {value:.3f}: more than {TOO_GOOD} is leakage until explained."
    gain = stage["baselines"].get(AGE_AND_SEX, {})
    yield from above("the lower bound of the gain over age and sex", bound(gain, "gain"), 0)
    for name, title, low, high in (
        ("calibration_slope", "the calibration slope", *SLOPE),
        ("observed_to_expected", "observed over expected", *OBSERVED_TO_EXPECTED),
        ("ece", "the expected calibration error", 0.0, MOST_ECE),
    ):
        yield from within(title, figures.get(name, {}).get("value"), low, high)
    yield from above("the lower bound of the Brier skill", bound(figures, "brier_skill"), 0)
    benefit, treat_all = (figures.get(name, {}).get("value") for name in ("net_benefit", "net_benefit_all"))
    yield from above("the net benefit", benefit, 0)
    yield from above("the net benefit", benefit, treat_all, of="treating all")
    yield from unfair(stage)


def unfair(stage: dict[str, Any]) -> Iterator[str]:
    """What the subgroups do not keep."""
    whole = stage["figures"].get("auc", {}).get("value")
    tested = {(each["group"], each["value"]) for each in stage["subgroups"]}
    needed = [(group, value) for group, values in NEEDED_GROUPS.items() for value in values]
    yield from (f"{group} {value} was not tested." for group, value in needed if (group, value) not in tested)
    for each in stage["subgroups"]:
        name = f"{each['group']} {each['value']}"
        if not each["enough"]:
            if each["group"] in NEEDED_GROUPS:
                yield f"{name}: too few events or non-events to be measured."
            continue
        if whole is not None:
            yield from above(f"{name}: the AUC", each["auc"]["value"], round(whole - MOST_AUC_GAP, 6), or_equal=True)
        ratio = each["observed_to_expected"]["value"]
        yield from within(f"{name}: observed over expected", ratio, *GROUP_OBSERVED_TO_EXPECTED)


def bound(figures: dict[str, Any], name: str) -> float | None:
    low: float | None = figures.get(name, {}).get("low")
    return low


def above(
    title: str, value: float | None, limit: float | None, *, or_equal: bool = False, of: str = ""
) -> Iterator[str]:
    if value is None or limit is None:
        yield f"{title} could not be measured."
    elif not (value > limit or (or_equal and value == limit)):
        wanted = "at least" if or_equal else "more than"
        yield f"{title} is {value:.3f}, {wanted} {limit:.3f}{f' ({of})' if of else ''} is needed."


def within(title: str, value: float | None, low: float, high: float) -> Iterator[str]:
    if value is None:
        yield f"{title} could not be measured."
    elif not low <= value <= high:
        yield f"{title} is {value:.3f}, between {low:g} and {high:g} is needed."
