"""What each strategy predicts on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bench.evaluation.results import Result, ring_of
from bench.geometry import Points
from bench.records import RunFolder
from bench.report.figures.lettering import fitted
from bench.report.figures.panels import heading
from bench.report.figures.pictures import pixels, predictions, shown_seed
from bench.report.figures.style import WIDTH, canvas
from bench.report.model import Row
from bench.report.numbers import figure as ap

if TYPE_CHECKING:
    from datasets import Image

IMAGES = 6
"""Columns."""
MOST = 16
"""Rows on a page."""

_TRUTH, _PREDICTION = "#FFFFFF", "#E8308A"
_SHADE = 0.22
_BORDER = 0.05
"""Shown around an image, as a share of its longer side: where predictions run to that leave the image."""
_TALLEST = 1.3
_LABEL, _RIGHT, _TOP, _BOTTOM, _GAP = 1.62, 0.12, 0.58, 0.1, 0.05


def pictured(rows: Sequence[Row], folder: Path) -> list[Row]:
    """Return the rows of which there is something to show: a run that is done and has kept its predictions."""
    seeds = [(row, shown_seed(row)) for row in rows]
    return [row for row, seed in seeds if seed and RunFolder(folder / seed.run_id).has_predictions()]


def draw_gallery(title: str, rows: Sequence[Row], images: Sequence[Image], folder: Path) -> Canvas:
    """Return images by strategies, with the truth and the best predictions of one run of each."""
    shapes = [min(max(image.width / image.height, 0.4), 2.5) for image in images]
    room = WIDTH - _LABEL - _RIGHT - len(images) * _GAP
    tall = min(_TALLEST, room / sum(shapes)) + _GAP
    lefts = [_LABEL + sum(shapes[:c]) * (tall - _GAP) + c * _GAP for c in range(len(images))]
    height = _TOP + len(rows) * tall + _BOTTOM
    figure = canvas(height)
    loaded = [pixels(image) for image in images]
    seeds = {row.name: shown_seed(row) for row in rows}
    usual = min((seed.seed for seed in seeds.values() if seed), default=0)
    for r, row in enumerate(rows):
        seed = seeds[row.name]
        found = predictions(folder, seed.run_id, images) if seed else None
        bottom = height - _TOP - (r + 1) * tall
        name = fitted(row.name, _LABEL - 0.2, 3)
        told = f"AP {ap(seed.mAP50_95)}" + (f", seed {seed.seed}" if seed.seed != usual else "") if seed else "not done"
        middle = (bottom + tall / 2) / height
        figure.text(0.14 / WIDTH, middle, f"{name}\n{told}", va="center", linespacing=1.25)
        for c, image in enumerate(images):
            box = (lefts[c] / WIDTH, bottom / height, shapes[c] * (tall - _GAP) / WIDTH, (tall - _GAP) / height)
            axes = figure.add_axes(box)
            _picture(axes, image, loaded[c])
            _shapes(axes, image, None if found is None else found[image.id])
    heading(figure, title, _legend(), left=0.14)
    return figure


def _picture(axes: Axes, image: Image, shown: np.ndarray | None) -> None:
    axes.set_axis_off()
    border = _BORDER * max(image.width, image.height)
    extent = (0, image.width, image.height, 0)
    if shown is None:
        axes.fill([0, image.width, image.width, 0], [0, 0, image.height, image.height], color="#DDDDDD", lw=0)
    else:
        axes.imshow(shown, extent=extent, interpolation="antialiased", interpolation_stage="rgba")
    axes.set_xlim(-border, image.width + border)
    axes.set_ylim(image.height + border, -border)
    axes.set_aspect("equal")


def _shapes(axes: Axes, image: Image, results: Sequence[Result] | None) -> None:
    for item in image.objects:
        _outline(axes, item.points, _TRUTH, 1.0, "#000000", "truth")
    for result in results or ():
        for part in result["segmentation"]:
            axes.fill(*np.reshape(part, (-1, 2)).T, color=_PREDICTION, alpha=_SHADE, lw=0, gid="hull")
        _outline(axes, ring_of(result), _PREDICTION, 1.5, "#FFFFFF", "prediction")
    if not results or not any(_in_sight(axes, ring_of(result)) for result in results):
        told = "no file" if results is None else "none" if not results else "out of sight"
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
        axes.text(0.5, 0.5, told, transform=axes.transAxes, ha="center", va="center", bbox=box)


def _outline(axes: Axes, ring: Points, colour: str, width: float, halo: str, what: str) -> None:
    # Vertices may be anything a broken detector says; far ones are pulled in so that nothing overflows.
    closed = np.nan_to_num(np.vstack((ring, ring[:1])), nan=0.0).clip(-1e5, 1e5)
    around = [effects.Stroke(linewidth=width + 1.2, foreground=halo), effects.Normal()]
    axes.plot(*closed.T, color=colour, lw=width, path_effects=around, solid_joinstyle="round", gid=what)


def _in_sight(axes: Axes, ring: Points) -> bool:
    """Whether a ring's box meets the part of the plane that is shown."""
    low, high = ring.min(0), ring.max(0)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return bool(low[0] <= right and high[0] >= left and low[1] <= bottom and high[1] >= top)


def _legend() -> list[Artist]:
    def line(colour: str, width: float, halo: str, label: str) -> Line2D:
        around = [effects.Stroke(linewidth=width + 1.2, foreground=halo), effects.Normal()]
        return Line2D([], [], color=colour, lw=width, path_effects=around, label=label)

    return [
        line(_TRUTH, 1.0, "#000000", "truth"),
        line(_PREDICTION, 1.5, "#FFFFFF", "best predictions, as many as there are objects"),
        Patch(color=_PREDICTION, alpha=_SHADE, lw=0, label="hull on the image"),
    ]
