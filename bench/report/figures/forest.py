"""Differences to the reference, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import blended_transform_factory

from bench.report.figures.lettering import fitted, width
from bench.report.figures.panels import heading
from bench.report.figures.style import INK, WIDTH, canvas
from bench.report.model import REFERENCE, UNDECIDED, Row
from bench.report.numbers import with_interval
from bench.report.parts import Combined

Comparable = Row | Combined
"""What has a name, a difference and a verdict."""

MOST = 32
"""Rows on a page."""

_OFF_SCALE = 4.0
"""A row whose seeds reach this many times as far as the median row's does not set the scale."""
_FEW = 0.2
"""Of the rows may be such; where more are, they are what is to be seen."""
_WIDEST = 2.5
"""Nor does an interval, beyond so many times the farthest seed that does."""

_LABEL, _TEXT, _ROW, _HEAD, _BOTTOM = 2.0, 3.1, 0.33, 0.8, 0.55


@dataclass(frozen=True)
class View:
    """The part of the axis that is shown.

    Attributes:
        low: where it begins.
        high: where it ends.
        beyond: rows with seeds that are not on it.
        cut: whether there are any, or intervals that are not all on it.
    """

    low: float
    high: float
    beyond: tuple[str, ...]
    cut: bool


def compared(rows: Sequence[Comparable]) -> list[Comparable]:
    """Return the rows that have a difference to show."""
    return [row for row in rows if row.difference and row.difference.by_seed]


def view_of(rows: Sequence[Comparable]) -> View:
    """Return what to show so that one row that is far off does not squash the others."""
    reach = {row.name: max(abs(value) for value in _seeds(row)) for row in rows}
    limit = _OFF_SCALE * median_low(reach.values()) or max(reach.values()) or 0.01
    near = [row for row in rows if reach[row.name] <= limit]
    if len(rows) - len(near) > max(1, _FEW * len(rows)):
        near = list(rows)
    farthest = max(reach[row.name] for row in near) or 0.01
    ends = [0.0]
    for row in near:
        interval = row.difference.interval or ()
        ends += [*_seeds(row), *(min(max(end, -_WIDEST * farthest), _WIDEST * farthest) for end in interval)]
    margin = 0.06 * (max(ends) - min(ends)) or 0.01
    low, high = min(ends) - margin, max(ends) + margin
    beyond = tuple(row.name for row in rows if any(not low <= value <= high for value in _seeds(row)))
    cut = any(not low < end < high for row in rows for end in row.difference.interval or ())
    return View(low, high, beyond, cut or bool(beyond))


def draw_forest(title: str, rows: Sequence[Comparable], colours: Mapping[str, str], view: View) -> Canvas:
    """Return the differences of rows that have one: mean, interval, every seed, and the verdict in words."""
    height = _HEAD + len(rows) * _ROW + _BOTTOM
    figure = canvas(height)
    labels = [fitted(row.name, _LABEL, 2) for row in rows]
    left = max(width(line) for label in labels for line in label.split("\n")) + 0.31
    wide = WIDTH - left - _TEXT
    axes = figure.add_axes((left / WIDTH, _BOTTOM / height, wide / WIDTH, len(rows) * _ROW / height))
    span = view.high - view.low
    rooms = [_room(rows, view, side) for side in (-1, 1)]
    inch = span / (wide - sum(rooms))
    axes.set_xlim(view.low - rooms[0] * inch, view.high + rooms[1] * inch)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvline(0, color="#555555", lw=1)
    axes.set_yticks(range(len(rows)), labels, linespacing=1.1)
    axes.tick_params(axis="y", length=0, pad=9)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", visible=False)
    axes.set_xticks(
        [
            tick
            for tick in MaxNLocator(3 if any(rooms) else 5).tick_values(view.low, view.high)
            if view.low <= tick <= view.high
        ]
    )
    axes.set_xlabel(f"difference in mAP50-95 to {REFERENCE}, same seed (right: better)")
    beside = blended_transform_factory(axes.transAxes, axes.transData)
    bold = {"weight": "bold", "color": INK}
    told = "mean [95 % interval] verdict" if any(row.difference.interval for row in rows) else "difference, verdict"
    axes.text(1.03, -0.65, told, transform=beside, va="bottom", **bold)
    for y, row in enumerate(rows):
        colour = colours.get(row.name, INK)
        if y % 2:
            axes.axhspan(y - 0.5, y + 0.5, -3, 4, color="#F5F5F5", zorder=-1, lw=0, clip_on=False)
        _row(axes, y, row, colour, view)
        told = with_interval(row.difference.mean, row.difference.interval).replace("-", "−")
        weight = "normal" if row.verdict in ("", UNDECIDED) else "bold"
        axes.text(1.03, y, f"{told} {_verdict(row)}", transform=beside, va="center_baseline", weight=weight, color=INK)
    heading(figure, title, _legend(rows, view), left=0.14)
    return figure


def _row(axes: Axes, y: int, row: Comparable, colour: str, view: View) -> None:
    found = row.difference
    if found.interval:
        low, high = (min(max(end, view.low), view.high) for end in found.interval)
        if low < high:
            axes.plot([low, high], [y, y], color=colour, lw=2, solid_capstyle="butt", gid=f"interval {row.name}")
        for end, edge, marker in ((low, view.low, "<"), (high, view.high, ">")):
            if end == edge:
                axes.plot([edge], [y], marker=marker, color=colour, ms=7, clip_on=False)
    inside = [value for value in _seeds(row) if view.low <= value <= view.high]
    outside = [value for value in _seeds(row) if not view.low <= value <= view.high]
    below, size = (0.24, 3.6) if found.n > 1 else (0, 6)  # one seed is its own mean
    axes.plot(inside, [y + below] * len(inside), "o", color=colour, ms=size, mew=0, alpha=0.9, gid=f"seeds {row.name}")
    if view.low <= found.mean <= view.high and found.n > 1:
        face = "white" if row.verdict in ("", UNDECIDED) else colour
        axes.plot([found.mean], [y], "D", color=colour, mfc=face, ms=6, mew=1.5, gid=f"mean {row.name}")
    for side, edge, marker in ((-1, view.low, "<"), (1, view.high, ">")):
        values = [value for value in outside if value * side > 0]
        if values:
            axes.plot([edge], [y], marker=marker, color=colour, ms=7, clip_on=False)
            where = {"ha": "right" if side < 0 else "left", "va": "center_baseline", "textcoords": "offset points"}
            axes.annotate(_off_scale(values), (edge, y), (8 * side, 0), color=INK, **where)


def _room(rows: Sequence[Comparable], view: View, side: int) -> float:
    """Return the inches beside the scale that the numbers of the seeds beyond it take."""
    edge = view.low if side < 0 else view.high
    beyond = [[value for value in _seeds(row) if (value - edge) * side > 0] for row in rows]
    return max((width(_off_scale(values)) + 0.2 for values in beyond if values), default=0.0)


def _verdict(row: Comparable) -> str:
    """Return the verdict, with what alone keeps it open."""
    return f"{row.verdict} ({row.kept_open_by})" if row.kept_open_by else row.verdict


def _off_scale(values: Sequence[float]) -> str:
    """Return the seeds that are off the scale, as numbers."""
    numbers = [f"{value:+.2f}".replace("-", "−") for value in sorted(values)]
    if len(numbers) > 4:
        return f"{len(numbers)} seeds, {numbers[0]} to {numbers[-1]}"
    return ", ".join(numbers)


def _legend(rows: Sequence[Comparable], view: View) -> list[Line2D]:
    """Return what the marks mean, of those that are there."""
    line = {"color": INK, "marker": "D", "ms": 6, "mew": 1.5, "lw": 2}
    found = []
    if any(row.difference.n > 1 for row in rows):
        found += [
            Line2D([], [], label="mean and 95 % interval, decided", **line),
            Line2D([], [], mfc="white", label=UNDECIDED, **line),
        ]
    found.append(Line2D([], [], color=INK, ls="none", marker="o", ms=4, label="one seed"))
    if view.cut:
        found.append(Line2D([], [], color=INK, ls="none", marker="<", ms=7, label="goes on beyond the scale"))
    return found


def _seeds(row: Comparable) -> list[float]:
    return list(row.difference.by_seed.values())
