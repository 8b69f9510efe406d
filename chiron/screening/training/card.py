"""The model card, under the headings of TRIPOD+AI (Collins et al. 2024, BMJ 385:e078378): no field is empty."""

from collections.abc import Iterator, Mapping
from typing import Any

from chiron.screening.training import card_words as words
from chiron.screening.training.card_words import NOT_STATED, NOT_TESTED
from chiron.screening.training.errors import TrainingRefused

STATED = {
    "contact": "who answers for this model",
    "data_source": "where the rows come from, and under which terms",
    "setting": "which kind of care, where and when",
    "ethics": "the approval or the legal basis",
    "funding": "who paid for it",
}
"""What no computer knows: whoever trains says it."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "title": (),
    "intended_use": (),
    "not_for": (),
    "regulatory_status": (),
    "methods": (
        "data_source", "setting", "participants", "data_preparation", "outcome", "predictors", "sample_size",
        "missing_data", "analytical_methods", "class_imbalance", "fairness", "output", "training_and_evaluation",
        "ethics",
    ),
    "open_science": ("funding", "contact", "code", "data_sharing"),
    "results": ("participants", "development", "specification", "performance", "subgroups", "updating"),
    "discussion": ("interpretation", "limitations", "usability"),
}  # fmt: skip
"""The fields that a card has, and what is below each."""


def card_of(
    title: str,
    *,
    label: Mapping[str, Any],
    training: Mapping[str, Any],
    stated: Mapping[str, str],
    report: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The card of a bundle; without a report (`validation.validate`) of one that is not tested.

    Raises TrainingRefused where something is stated that no card asks for.
    """
    if odd := sorted(set(stated) - set(STATED)):
        raise TrainingRefused(f"A card does not ask for {', '.join(odd)}; it asks for {', '.join(STATED)}.")
    said = {key: stated.get(key) or NOT_STATED for key in STATED}
    head = words.HEAD
    if training.get("made_up"):
        said["data_source"], head = words.MADE_UP, head | {"intended_use": words.MADE_UP_USE}
    low, high = label["cutoffs"]
    return {
        "title": f"{title}: vitamin B12 below {high:g} and below {low:g} pg/mL from a blood count, in two stages",
        **head,
        "methods": methods(label, training) | {name: said[name] for name in ("data_source", "setting", "ethics")},
        "open_science": {
            "funding": said["funding"],
            "contact": said["contact"],
            "code": words.CODE,
            "data_sharing": words.SHARING,
        },
        "results": results(training, report),
        "discussion": {
            "interpretation": interpretation(report),
            "limitations": words.LIMITATIONS,
            "usability": words.USABILITY,
        },
    }


def methods(label: Mapping[str, Any], training: Mapping[str, Any]) -> dict[str, str]:
    low, high = label["cutoffs"]
    left_out = "; ".join(f"{reason}: {count}" for reason, count in training["left_out"].items()) or "nobody"
    equations = "".join(
        f" Values of {each['period'] or 'all periods'} were turned into this assay's by "
        f"10^({each['slope']:g} log10(x) + {each['intercept']:g})."
        for each in training["equations"]
    )
    periods = ", ".join(training["periods"])
    ways_of_tuning = ", ".join(dict.fromkeys(each["tuning"] for _, each in ways(training)))
    events = "; ".join(f"stage {number}: {each['events']} events of {each['rows']}" for number, each in ways(training))
    return words.METHODS | {
        "participants": "Adults of 20 to 85 years, not known to be pregnant, with a serum B12 value and a whole blood "
        f"count. Left out: {left_out}.",
        "outcome": f"Serum vitamin B12 by {label['assay']}: stage 1 below {high:g} pg/mL, stage 2 below {low:g} "
        f"pg/mL of those below {high:g}. Definition {label['version']}.{equations}",
        "sample_size": f"{training['rows']} rows of {training['patients']} patients in {periods}; {events}. The gate "
        "asks for at least 100 events and 100 non-events per stage on the rows tested.",
        "training_and_evaluation": f"Tuned by: {ways_of_tuning}; "
        "tested on later periods only, without any patient seen in training.",
    }


def results(training: Mapping[str, Any], report: Mapping[str, Any] | None) -> dict[str, Any]:
    settings = [(number, each["setting"]) for number, each in ways(training)]
    found: dict[str, Any] = {
        "development": "; ".join(f"stage {n}: {each['trees']} trees of depth {each['depth']}" for n, each in settings),
        "specification": words.SPECIFICATION,
        "updating": words.UPDATING,
    }
    if report is None:
        return found | dict.fromkeys(("participants", "performance", "subgroups"), NOT_TESTED)
    tested, stages = report["data"], report["stages"]
    return found | {
        "participants": f"Tested on {tested['rows']} rows of {tested['patients']} patients in "
        f"{', '.join(tested['periods'])}.",
        "performance": [performance(stage) for stage in stages],
        "subgroups": [line for stage in stages for line in by_subgroup(stage)],
    }


def performance(stage: dict[str, Any]) -> dict[str, Any]:
    """The figures of one stage, to three digits, with their intervals of 95 %."""
    return {key: stage[key] for key in ("stage", "question", "rows", "events", "non_events")} | {
        name: [None if each is None else round(each, 3) for each in (figure["value"], figure["low"], figure["high"])]
        for name, figure in stage["figures"].items()
    }


def by_subgroup(stage: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in stage["subgroups"]:
        auc, ratio = (each[name]["value"] if each["enough"] else None for name in ("auc", "observed_to_expected"))
        yield {
            "stage": stage["stage"],
            "group": f"{each['group']} {each['value']}",
            "auc": None if auc is None else round(auc, 3),
            "observed_to_expected": None if ratio is None else round(ratio, 3),
        }


def interpretation(report: Mapping[str, Any] | None) -> str:
    if report is None:
        return NOT_TESTED
    if report["gate"].get("made_up"):
        return words.MADE_UP
    if report["gate"]["passed"]:
        return "It passed the gate on the rows tested. What it is worth elsewhere is not known."
    return "It did not pass the gate, so it may not be used in care: " + " ".join(report["gate"]["reasons"])


def ways(training: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each stage's number, and how it was trained."""
    yield from enumerate(training["stages"], start=1)


def faults_of(card: Mapping[str, Any]) -> list[str]:
    """The fields that a card lacks, has beyond what is asked, or leaves without a word."""
    faults = [f"{key} is not asked for" for key in card if key not in KEYS]
    for key, below in KEYS.items():
        found = card.get(key)
        if not below:
            faults += [] if isinstance(found, str) and says(found) else [key]
            continue
        section = found if isinstance(found, dict) else {}
        faults += [f"{key}.{name}" for name in below if not says(section.get(name))]
        faults += [f"{key}.{name} is not asked for" for name in section if name not in below]
    return faults


def says(value: Any) -> bool:
    return bool(value) and value not in (NOT_STATED, NOT_TESTED)
