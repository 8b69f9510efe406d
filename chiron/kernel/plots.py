"""Small plots as SVG made here: no script, no style attribute, colours from the stylesheet, numbers readable to all."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT, FOOT, HEAD = 480, 180, 20, 18
ROW, NAMES = 24, 120

Point = tuple[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with its title, and what its colours mean where there are several."""

    title: str
    drawing: SafeString
    legend: Sequence[str] = ()


def columns(title: str, points: Sequence[Point], legend: Sequence[str] = ()) -> Plot:
    """One column for each point, its numbers one on top of the other."""
    top = max((sum(numbers) for _, numbers in points), default=0)
    step = WIDTH / max(len(points), 1)
    scale = (HEIGHT - FOOT - HEAD) / max(top, 1)
    bars = [
        bar
        for place, (name, numbers) in enumerate(points)
        for bar in _stack(name, numbers, x=place * step + step * 0.1, width=step * 0.8, scale=scale)
    ]
    ends = [(0, "start", points[0][0]), (WIDTH, "end", points[-1][0])] if points else []
    texts = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="{}">{}</text>',
        ((x, HEIGHT - 4, anchor, name) for x, anchor, name in ends),
    )
    base = HEIGHT - FOOT
    axis = format_html('<line x1="0" y1="{}" x2="{}" y2="{}"/><text x="0" y="12">{}</text>', base, WIDTH, base, top)
    return Plot(title, _svg(title, points, HEIGHT, SafeString("".join([*bars, axis, texts]))), legend)


def rows(title: str, points: Sequence[Point]) -> Plot:
    """One bar for each point, from left to right, with its name before and its number behind."""
    top = max((sum(numbers) for _, numbers in points), default=0)
    scale = (WIDTH - NAMES - 60) / max(top, 1)
    drawn = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="end">{}</text>'
        '<rect class="chiron-series-0" x="{}" y="{}" width="{}" height="{}" rx="2"/>'
        '<text x="{}" y="{}">{}</text>',
        (
            (NAMES - 8, at * ROW + 16, name, NAMES, at * ROW + 4, round(sum(numbers) * scale, 1), ROW - 8,
             round(NAMES + sum(numbers) * scale + 6, 1), at * ROW + 16, sum(numbers))
            for at, (name, numbers) in enumerate(points)
        ),
    )  # fmt: skip
    return Plot(title, _svg(title, points, max(len(points), 1) * ROW, drawn))


def _stack(name: str, numbers: Sequence[int], *, x: float, width: float, scale: float) -> list[SafeString]:
    bars, below = [], 0.0
    for series, number in enumerate(numbers):
        height = number * scale
        below += height
        form = '<rect class="chiron-series-{}" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>'
        place = (round(x, 1), round(HEIGHT - FOOT - below, 1), round(width, 1), round(height, 1))
        if number:
            bars.append(format_html(form, series, *place, name, number))
    return bars


def _svg(title: str, points: Sequence[Point], height: int, drawn: SafeString) -> SafeString:
    if not any(sum(numbers) for _, numbers in points):
        return format_html("<p>{}</p>", "Nothing yet.")
    said = "; ".join(f"{name}: {' + '.join(map(str, numbers))}" for name, numbers in points if sum(numbers))
    form = '<svg class="chiron-plot" role="img" viewBox="0 0 {} {}" aria-label="{}">{}</svg>'
    return format_html(form, WIDTH, height, f"{title}. {said}", drawn)
