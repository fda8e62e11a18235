"""A picture of a data set: some of its images, with their polygons as annotated and as trained on."""

from __future__ import annotations

import io
import math

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from bench.evenly import evenly
from bench.geometry import resample
from bench.report.figures.lettering import fitted, legible
from bench.report.figures.pictures import pixels
from bench.text import cut
from datasets import DataSet

IMAGES = 12
COLUMNS = 4
CROWDED = 10
"""Objects on an image from which on they are drawn thinner."""
LEGEND = 8
"""Categories that the legend names at most; their colours repeat from there on."""
_LETTERS = 34
_CELL = 2.6
"""Inches that an image has in width and in height."""
_COLOURS = ("#ffd400", "#00c8ff", "#ff5ac8", "#7dff5a", "#ff8c32", "#b48cff", "#ffffff", "#00ffc8")


def preview(data: DataSet, vertices: int) -> bytes:
    """Return a PNG of up to 12 images at even distances through the training and the validation split.

    Full lines are the polygons as annotated, a colour for each category; dots are the V vertices that a model is
    trained on, and dashes join them where they are others; the ring marks the first of them.

    Args:
        data: the data set.
        vertices: V.
    """
    of_val = IMAGES // 3
    shown = [("train", image) for image in evenly(data.train.images, IMAGES - of_val)]
    shown += [("val", image) for image in evenly(data.val.images, of_val)]
    rows = math.ceil(len(shown) / COLUMNS)
    columns = min(COLUMNS, len(shown))
    figure = Figure(figsize=(columns * _CELL, rows * (_CELL + 0.3) + 0.7), layout="constrained", dpi=130)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    used: dict[int, str] = {}
    for axis, (split, image) in zip(axes, shown, strict=False):
        found = pixels(image)
        if found is not None:
            axis.imshow(found, extent=(0, image.width, image.height, 0), interpolation="nearest")
        axis.set(xlim=(0, image.width), ylim=(image.height, 0))
        axis.set_title(f"{split}: {cut(legible(image.path.name), _LETTERS)}", fontsize=8, parse_math=False)
        thin = 1.6 if len(image.objects) < CROWDED else 0.8
        for item in image.objects:
            colour = used.setdefault(item.category, _COLOURS[item.category % len(_COLOURS)])
            axis.add_patch(Polygon(item.points, fill=False, edgecolor="black", linewidth=2 * thin, alpha=0.6))
            axis.add_patch(Polygon(item.points, fill=False, edgecolor=colour, linewidth=thin))
            ring = resample(item.points, vertices)
            if len(item.points) > vertices:
                axis.add_patch(Polygon(ring, fill=False, edgecolor="red", linewidth=thin, linestyle=(0, (3, 2))))
            axis.plot(*ring.T, ".", color="red", markersize=3 * thin)
            axis.plot(
                *ring[0], "o", color="red", markerfacecolor="none", markersize=4.5 * thin, markeredgewidth=thin / 2
            )
    lines = [
        Line2D([], [], color=colour, label=cut(legible(data.categories[one]), _LETTERS)) for one, colour in used.items()
    ]
    legend = figure.legend(
        handles=lines[:LEGEND], loc="outside lower center", ncols=COLUMNS, fontsize=8, facecolor="#707070",
        labelcolor="white", title="lines: as annotated; red dots: the vertices trained on, the first ringed",
    )  # fmt: skip
    legend.get_title().set(color="white", fontsize=8)
    for text in legend.get_texts():
        text.set_parse_math(False)
    figure.suptitle(fitted(f"{data.name}, V = {vertices}", columns * _CELL, 1, size=10), fontsize=10, parse_math=False)
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()
