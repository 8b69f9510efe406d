"""Numbers of periods as drawings: columns of counts, a line of shares and medians, and what is masked as masked."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from chiron.analytics.errors import TooSlow
from chiron.analytics.metrics import METRICS, Grouping, Metric
from chiron.analytics.periods import Grain, Period
from chiron.analytics.queries import Answer, Asked, Cell, read_metric
from chiron.kernel.access import Caller
from chiron.kernel.pages import may
from chiron.kernel.plots import FOOT, HEAD, HEIGHT, WIDTH, Plot

MASKED = "masked"
NOTHING = SafeString("<p>Nothing that may be told: of everything there are fewer than 11, or too few beside it.</p>")
FORMS = {Grain.DAY: "%Y-%m-%d", Grain.WEEK: "%G-W%V", Grain.MONTH: "%Y-%m"}
BASE = HEIGHT - FOOT
ROOM = 60
"""What the word takes across."""


FIRST_PAGE = (
    ("appointments.booked", Grain.WEEK), ("appointments.no_show_rate", Grain.MONTH), ("screening.volume", Grain.WEEK)
)  # fmt: skip


def numbers(by: Caller, now: datetime) -> list[Plot]:
    """What a first page shows of the metrics that the caller may read, or that counting them takes too long."""
    if not may(by, "analytics", "read"):
        return []
    opened = [(name, grain) for name, grain in FIRST_PAGE if METRICS[name].is_open_to(by)]
    try:
        answers = [read_metric(by, name, Asked(grain=grain), now) for name, grain in opened]
    except TooSlow as refusal:
        return [Plot("Numbers", format_html("<p>{}</p>", str(refusal)))]
    return [plot for answer in answers for plot in charts(answer, 1)]


def charts(answer: Answer, at_most: int) -> list[Plot]:
    """A drawing of each group of whom something is told, as many as there is room for."""
    of: dict[object, list[Cell]] = {}
    for cell in answer.cells:
        of.setdefault(cell.id, []).append(cell)
    drawn = [cells for cells in of.values() if any(cell.value is not None for cell in cells)]
    plots = [Plot(_title(answer, cells[0]), _drawing(answer, cells)) for cells in drawn[:at_most]]
    return plots or [Plot(f"{answer.metric.title} by {answer.asked.grain}", NOTHING)]


def name_of(period: Period, grain: Grain) -> str:
    """A day, a week as ISO 8601 numbers it, or a month."""
    return period.first.strftime(FORMS[grain])


def said(value: float | None, metric: Metric) -> str:
    """A number with its unit, as a person reads it."""
    if value is None:
        return MASKED
    match metric.unit:
        case "share":
            return f"{value * 100:.1f} %"
        case "days":
            return f"{value:.1f} days"
        case _:
            return f"{value:,.0f}"


def _title(answer: Answer, cell: Cell) -> str:
    title = f"{answer.metric.title} by {answer.asked.grain}"
    return title if answer.asked.group is Grouping.NONE else f"{title}: {cell.name or 'none'}"


def _drawing(answer: Answer, cells: Sequence[Cell]) -> SafeString:
    metric, grain = answer.metric, answer.asked.grain
    top = max((cell.value for cell in cells if cell.value is not None), default=0)
    scale, step = (BASE - HEAD) / (top or 1), WIDTH / len(cells)
    named = [(cell, f"{name_of(cell.period, grain)}: {said(cell.value, metric)}") for cell in cells]
    marks = [_masked(at * step, step, name) for at, (cell, name) in enumerate(named) if cell.value is None]
    marks += _word([cell.value is None for cell in cells], step)
    points = [
        (at * step, BASE - cell.value * scale, name) for at, (cell, name) in enumerate(named) if cell.value is not None
    ]
    marks += _line(points, step) if metric.unit in {"share", "days"} else [_column(*point, step) for point in points]
    ends = ((0, "start", cells[0]), (WIDTH, "end", cells[-1]))
    texts = format_html_join(
        "", '<text x="{}" y="{}" text-anchor="{}">{}</text>',
        [(x, HEIGHT - 4, anchor, name_of(cell.period, grain)) for x, anchor, cell in ends],
    )  # fmt: skip
    axis = format_html('<line x1="0" y1="{}" x2="{}" y2="{}"/><text x="0" y="12">{}</text>', BASE, WIDTH, BASE,
                       said(top, metric))  # fmt: skip
    return format_html(
        '<svg class="chiron-plot" role="img" viewBox="0 0 {} {}" aria-label="{}">{}</svg>', WIDTH, HEIGHT,
        f"{_title(answer, cells[0])}. " + "; ".join(name for _, name in named),
        SafeString("".join([*marks, axis, texts])),
    )  # fmt: skip


def _masked(x: float, step: float, name: str) -> SafeString:
    form = '<rect class="chiron-masked" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    return format_html(form, round(x, 1), HEAD, round(step, 1), BASE - HEAD, name)


def _word(masked: Sequence[bool], step: float) -> Iterator[SafeString]:
    """The word itself, on the first grey that has room for it."""
    at = 0
    for is_masked, run in groupby(masked):
        length = len(list(run))
        if is_masked and length * step >= ROOM:
            middle = round((at + length / 2) * step, 1)
            yield format_html('<text x="{}" y="{}" text-anchor="middle">{}</text>', middle, BASE - 8, MASKED)
            return
        at += length


def _column(x: float, y: float, name: str, step: float) -> SafeString:
    form = '<rect class="chiron-series-0" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    return format_html(form, round(x + step * 0.1, 1), round(y, 1), round(step * 0.8, 1), round(BASE - y, 1), name)


def _line(points: Sequence[tuple[float, float, str]], step: float) -> Iterator[SafeString]:
    """A line through neighbours, broken where something is masked, and a dot for each number."""
    runs = groupby(enumerate(points), key=lambda each: round(each[1][0] / step) - each[0])
    for _, run in runs:
        through = " ".join(f"{round(x + step / 2, 1)},{round(y, 1)}" for _, (x, y, _) in run)
        yield format_html('<polyline class="chiron-run" points="{}"/>', through)
    for x, y, name in points:
        form = '<circle class="chiron-series-0" cx="{}" cy="{}" r="4"><title>{}</title></circle>'
        yield format_html(form, round(x + step / 2, 1), round(y, 1), name)
