"""A report as one page that needs nothing else: figures, plots, the gate and the model card."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from chiron.screening.training import plots
from chiron.screening.training.plots import told

FIGURES = {
    "auc": "AUC",
    "auprc": "Area under precision and recall",
    "sensitivity": "Sensitivity at the threshold",
    "specificity": "Specificity at the threshold",
    "ppv": "PPV among those tested",
    "npv": "NPV among those tested",
    "net_benefit": "Net benefit at the threshold",
    "net_benefit_all": "Net benefit of treating all",
    "brier": "Brier score",
    "brier_skill": "Brier skill",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration in the large",
    "observed_to_expected": "Observed over expected",
    "ece": "Expected calibration error",
}


def write_report(folder: Path, report: dict[str, Any], card: Mapping[str, Any]) -> None:
    """`report.json` and `report.html` into a folder that is there."""
    text = json.dumps(report, ensure_ascii=False, separators=(",", ":"))
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "report.html").write_text(page_of(report, card), encoding="utf-8")


def page_of(report: dict[str, Any], card: Mapping[str, Any]) -> str:
    """The page as HTML."""
    bundle = report["bundle"]
    context = {
        "title": f"Validation of {bundle['name']} {bundle['version']}",
        "report": report,
        "stages": [stage_of(stage, report) for stage in report["stages"]],
        "card": list(sections(card)),
    }
    lines = render_to_string("screening/report.html", context).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip()) + "\n"


def stage_of(stage: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """One stage for the page: its plots, each with what to look for, and its figures in words."""
    gains = {f"Gain over {name}": told(each["gain"]) for name, each in stage["baselines"].items()}
    shown = {title: told(stage["figures"][name]) for name, title in FIGURES.items() if name in stage["figures"]}
    drawn = (
        ("ROC curve", "The dashed line is chance.", plots.roc_plot(stage)),
        ("Calibration", "On the dashed line, what was said is what came.", plots.calibration_plot(stage)),
        ("Decision curve", "A model is worth asking where its line is the highest.", plots.decision_plot(stage)),
        (
            "What moves the score (SHAP)",
            "Before calibration. Bars: the mean size; lines: 90 % of the rows.",
            plots.contributions_plot(stage["stage"], report["contributions"]),
        ),
        ("AUC by group", "The model on all and by subgroup; the baselines on all.", plots.groups_plot(stage)),
    )
    return {
        "report": stage,
        "plots": [{"title": title, "note": note, "drawing": drawing} for title, note, drawing in drawn],
        "figures": list((shown | gains).items()),
        "worth": [{name: share(value) for name, value in each.items()} for each in stage["predictive_values"]],
    }


def share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def sections(card: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The card's headings with their sentences; figures stand in the tables above."""
    for key, value in card.items():
        if isinstance(value, str):
            yield titled(key), [("", value)]
            continue
        yield titled(key), [(titled(name), words) for name, words in value.items() if isinstance(words, str)]


def titled(name: str) -> str:
    return name.replace("_", " ").capitalize()
