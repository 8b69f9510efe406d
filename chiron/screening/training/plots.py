"""The plots of a report, as SVG that a page shows inline; their colours come from the page's stylesheet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from typing import Any

from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 380, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 44
ROW = 20
NAMES = 132
"""The width that the names beside bars are given."""
SHOWN = 10
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)

Points = Iterable[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Plane:
    """Two axes, each from its first to its last value, on the usual ground."""

    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the drawing; what is beyond the axes lies on their edge."""
        across, up = (
            min(1.0, max(0.0, (value - low) / (high - low))) for value, (low, high) in ((x, self.x), (y, self.y))
        )
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def line(self, points: Points, kind: str) -> str:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in points))
        return f'<polyline class="line {kind}" points="{path}"/>'

    def ground(self, x_title: str, y_title: str) -> str:
        """Grid, numbers and names of both axes."""
        parts = []
        for value in ticks(*self.x):
            x, y = self.at(value, self.y[0])
            parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{y:.1f}"/>{text(x, y + 15, number(value), "middle")}')
        for value in ticks(*self.y):
            x, y = self.at(self.x[0], value)
            parts.append(f'<path class="grid" d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}"/>')
            parts.append(text(x - 6, y + 4, number(value), "end"))
        middle_x, middle_y = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
        parts.append(text(middle_x, HEIGHT - 8, x_title, "middle"))
        turned = f'transform="rotate(-90 13 {middle_y})"'
        parts.append(text(13, middle_y, y_title, "middle", turned))
        return "".join(parts)


def roc_plot(stage: dict[str, Any]) -> SafeString:
    """Sensitivity over 1 - specificity, with the line of chance."""
    plane = Plane((0, 1), (0, 1))
    parts = [
        plane.ground("1 - specificity", "sensitivity"),
        plane.line([(0, 0), (1, 1)], "chance"),
        plane.line([(x, y) for x, y in stage["roc"]], "model"),
        text(*plane.at(0.97, 0.06), f"AUC {told(stage['figures'].get('auc'))}", "end", 'font-weight="600"'),
    ]
    return drawing(f"ROC curve of stage {stage['stage']}", parts)


def calibration_plot(stage: dict[str, Any]) -> SafeString:
    """What came over what was said, in tenths of the rows, with intervals."""
    tenths = stage["calibration"]
    last = rounded_up(max((max(each["said"], each["high"]) for each in tenths), default=1.0))
    plane = Plane((0, last), (0, last))
    parts = [plane.ground("probability said", "share that came"), plane.line([(0, 0), (last, last)], "chance")]
    for each in tenths:
        x, low = plane.at(each["said"], each["low"])
        _, high = plane.at(each["said"], each["high"])
        _, middle = plane.at(each["said"], each["came"])
        parts.append(f'<path class="line model" d="M{x:.1f} {low:.1f}V{high:.1f}"/>')
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{middle:.1f}" r="4"/>')
    return drawing(f"Calibration of stage {stage['stage']}", parts)


def decision_plot(stage: dict[str, Any]) -> SafeString:
    """Net benefit over the threshold: of the model, of treating all, of treating none."""
    curve = stage["decision"]
    last = curve[-1]["threshold"] if curve else 1.0
    highest = rounded_up(max((max(each["model"], each["all"]) for each in curve), default=1.0))
    plane = Plane((0, last), (-highest / 3, highest))
    parts = [
        plane.ground("threshold", "net benefit"),
        plane.line([(0, 0), (last, 0)], "chance"),
        plane.line([(each["threshold"], each["all"]) for each in curve if each["all"] >= plane.y[0]], "other"),
        plane.line([(each["threshold"], each["model"]) for each in curve], "model"),
    ]
    names = (("model", "model"), ("other", "treat all"), ("chance", "treat none"))
    for place, (kind, name) in enumerate(names):
        y = TOP + 14 + place * 16
        parts.append(f'<path class="line {kind}" d="M{WIDTH - 116} {y}h26"/>{text(WIDTH - 84, y + 4, name, "start")}')
    return drawing(f"Decision curve of stage {stage['stage']}", parts)


def contributions_plot(stage: int, contributions: Sequence[dict[str, Any]]) -> SafeString:
    """The features that move the score most: their mean size as bars, where 90 % of the rows lie as lines."""
    shown = [each for each in contributions if each["stage"] == stage][:SHOWN]
    reach = max((max(each["mean"], abs(each["low"]), abs(each["high"])) for each in shown), default=0.0) or 1.0
    scale = (WIDTH - NAMES - RIGHT) / (2 * reach)
    zero, bottom = NAMES + reach * scale, TOP + ROW * len(shown)
    parts = [f'<path class="grid" d="M{zero:.1f} {TOP}V{bottom}"/>']
    for place, each in enumerate(shown):
        y = TOP + ROW * place + ROW / 2
        parts.append(text(NAMES - 8, y + 4, each["feature"], "end"))
        parts.append(
            f'<rect class="bar" x="{zero:.1f}" y="{y - 6:.1f}" width="{each["mean"] * scale:.1f}" height="12"/>'
        )
        ends = zero + each["low"] * scale, zero + each["high"] * scale
        parts.append(f'<path class="line other" d="M{ends[0]:.1f} {y}H{ends[1]:.1f}"/>')
    parts.append(text(zero, bottom + 16, "adds to the log-odds", "middle"))
    parts.append(text(NAMES, bottom + 16, number(-reach), "start"))
    parts.append(text(WIDTH - RIGHT, bottom + 16, number(reach), "end"))
    return drawing(f"Contributions in stage {stage}", parts, height=bottom + 26)


def groups_plot(stage: dict[str, Any]) -> SafeString:
    """The AUC of all, of the baselines and of the subgroups, with intervals, and the line of chance."""
    rows = [("all", stage["figures"].get("auc", {}))]
    rows += [(name, each["auc"]) for name, each in stage["baselines"].items()]
    rows += [(f"{each['group']} {each['value']}", each.get("auc", {})) for each in stage["subgroups"]]
    bottom = TOP + ROW * len(rows)

    def across(auc: float) -> float:
        return NAMES + min(1.0, max(0.0, (auc - 0.3) / 0.7)) * (WIDTH - NAMES - RIGHT)

    parts = []
    for value in (0.3, 0.5, 0.7, 0.9):
        kind = "line chance" if value == 0.5 else "grid"
        parts.append(f'<path class="{kind}" d="M{across(value):.1f} {TOP}V{bottom}"/>')
        parts.append(text(across(value), bottom + 16, number(value), "middle"))
    for place, (name, auc) in enumerate(rows):
        y = TOP + ROW * place + ROW / 2
        parts.append(text(NAMES - 8, y + 4, name, "end"))
        if auc.get("value") is None:
            parts.append(text(across(0.5) + 6, y + 4, "too few", "start"))
            continue
        if auc["low"] is not None:
            parts.append(f'<path class="line model" d="M{across(auc["low"]):.1f} {y}H{across(auc["high"]):.1f}"/>')
        parts.append(f'<circle class="dot" cx="{across(auc["value"]):.1f}" cy="{y}" r="4"/>')
    return drawing(f"AUC by group in stage {stage['stage']}", parts, height=bottom + 26)


def drawing(title: str, parts: Iterable[str], height: float = HEIGHT) -> SafeString:
    # Only numbers and escaped words are drawn.
    return mark_safe(  # noqa: S308
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def ticks(low: float, high: float) -> list[float]:
    """Round values between two, four to eight of them."""
    step = next((each for each in STEPS if (high - low) / each <= 7), STEPS[-1])
    return [round(step * place, 6) for place in range(ceil(low / step - 1e-9), int(high / step + 1e-9) + 1)]


def rounded_up(value: float) -> float:
    """To a tenth, at least one tenth and at most 1."""
    return min(1.0, max(0.1, ceil(value * 10) / 10))


def number(value: float) -> str:
    return f"{value:.2g}"


def told(figure: dict[str, Any] | None) -> str:
    """A figure with its interval, for people."""
    if not figure or figure["value"] is None:
        return "not measurable"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
