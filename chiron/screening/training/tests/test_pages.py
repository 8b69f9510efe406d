"""The report as a page: it needs nothing else, every number is drawn where it belongs, and names cannot break it."""

from copy import deepcopy
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from chiron.screening.training import plots
from chiron.screening.training.pages import page_of
from chiron.screening.training.plots import Plane, ticks
from chiron.screening.training.tests.conftest import MadeUp


def test_the_page_has_five_plots_a_stage_and_reaches_for_nothing(made_up: MadeUp) -> None:
    page = page_of(made_up.report, made_up.bundle.card)

    assert page.count("<svg ") == 10
    for word in ("<script", "http://", "https://", "url(", "<link", "@import", "src="):
        assert word not in page
    for words in ("The gate is passed", "ROC curve", "Calibration", "Decision curve", "SHAP", "Regulatory status"):
        assert words in page
    assert "prefers-color-scheme: dark" in page


def test_a_gate_that_is_shut_gives_its_reasons(made_up: MadeUp) -> None:
    report = made_up.report | {"gate": {"passed": False, "reasons": ["Stage 1: 3 < 4 events."]}}

    page = page_of(report, made_up.bundle.card)

    assert "The gate is not passed" in page
    assert "Stage 1: 3 &lt; 4 events." in page


def test_what_a_file_calls_its_groups_is_words_and_never_markup(made_up: MadeUp) -> None:
    report = deepcopy(made_up.report)
    group = {"group": "site", "value": "<b>north</b>", "enough": False}
    report["stages"][0]["subgroups"].append(group)

    page = page_of(report, made_up.bundle.card)

    assert "<b>north" not in page
    assert "&lt;b&gt;north" in page


def test_every_tag_of_the_page_is_closed(made_up: MadeUp) -> None:
    class Tags(HTMLParser):
        opened: list[str]

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in {"meta", "br"}:
                self.opened.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert self.opened.pop() == tag

    tags = Tags()
    tags.opened = []

    tags.feed(page_of(made_up.report, made_up.bundle.card))

    assert tags.opened == []


def test_a_plot_is_drawn_of_nothing_too(made_up: MadeUp) -> None:
    empty = made_up.report["stages"][0] | {"roc": [], "calibration": [], "decision": [], "subgroups": [], "figures": {}}

    for plot in (plots.roc_plot, plots.calibration_plot, plots.decision_plot, plots.groups_plot):
        assert ElementTree.fromstring(plot(empty)).tag == "svg"  # noqa: S314 - it is ours
    assert ElementTree.fromstring(plots.contributions_plot(1, [])).tag == "svg"  # noqa: S314 - it is ours


def test_a_point_lies_where_its_axes_say() -> None:
    plane = Plane((0, 2), (0, 1))

    assert plane.at(0, 0) == (52, 256)
    assert plane.at(2, 1) == (366, 12)
    assert plane.at(1, 0.5) == (209, 134)
    assert plane.at(9, -9) == (366, 256)


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 0.1, [0, 0.02, 0.04, 0.06, 0.08, 0.1]),
        (-0.1, 0.3, [-0.1, 0, 0.1, 0.2, 0.3]),
    ],
)
def test_axes_have_round_numbers(low: float, high: float, found: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(found)
