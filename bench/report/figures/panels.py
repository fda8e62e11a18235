"""Small multiples: a panel a strategy, on the same axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from bench.report.figures.lettering import fitted
from bench.report.figures.style import WIDTH, canvas

COLUMNS = 4
MOST = 20
"""Panels on a page."""

_LEFT, _RIGHT, _BOTTOM, _GAP = 0.76, 0.14, 0.52, 0.16
_PANEL, _LINE, _HEAD = 1.25, 0.155, 0.56


def grid(title: str, names: Sequence[str], legend: Sequence[Artist], x: str, y: str) -> tuple[Canvas, list[Axes]]:
    """Return a figure with a titled panel for each name; all share both axes.

    Args:
        title: of the figure.
        names: of the panels, at most `MOST`.
        legend: artists with labels, shown once, above the panels.
        x: label of all horizontal axes.
        y: of all vertical ones.
    """
    columns = min(COLUMNS, max(len(names), 2))
    rows = math.ceil(len(names) / columns)
    wide = (WIDTH - _LEFT - _RIGHT - (columns - 1) * _GAP) / columns
    titles = [fitted(name, wide, 3) for name in names]
    tall = [
        max(one.count("\n") + 1 for one in titles[r * columns : (r + 1) * columns]) * _LINE + 0.1 for r in range(rows)
    ]
    height = _HEAD + sum(tall) + rows * _PANEL + (rows - 1) * 0.14 + _BOTTOM
    figure = canvas(height)
    found: list[Axes] = []
    top = height - _HEAD
    for r in range(rows):
        bottom = top - tall[r] - _PANEL
        for c in range(min(columns, len(names) - r * columns)):
            box = ((_LEFT + c * (wide + _GAP)) / WIDTH, bottom / height, wide / WIDTH, _PANEL / height)
            first = found[0] if found else None
            axes = figure.add_axes(box, sharex=first, sharey=first)
            axes.set_title(titles[len(found)], loc="left", pad=4, linespacing=1.1)
            axes.tick_params(labelleft=c == 0, labelbottom=len(found) + columns >= len(names), length=3)
            found.append(axes)
        top = bottom - 0.14
    heading(figure, title, legend)
    figure.text((_LEFT + WIDTH - _RIGHT) / 2 / WIDTH, 0.1 / height, x, ha="center", va="bottom")
    figure.text(0.08 / WIDTH, (_BOTTOM + height - _HEAD) / 2 / height, y, ha="left", va="center", rotation=90)
    return figure, found


def heading(figure: Canvas, title: str, legend: Sequence[Artist], left: float = _LEFT) -> None:
    """Put title and legend at the top of a figure."""
    height = figure.get_figheight()
    told = fitted(title, WIDTH - left - _RIGHT, 1, 11, "bold")
    figure.text(left / WIDTH, 1 - 0.1 / height, told, ha="left", va="top", size=11, weight="bold")
    if legend:
        figure.legend(
            handles=list(legend),
            loc="upper left",
            bbox_to_anchor=(left / WIDTH, 1 - 0.31 / height),
            ncols=len(legend),
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handlelength=1.8,
            columnspacing=1.6,
        )
