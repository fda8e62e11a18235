"""Which columns of a history are drawn, and how their axes look."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator, PercentFormatter

from bench.history_columns import AT_POINTS, COLUMNS
from bench.metrics import FIGURE
from bench.report.figures.style import INK, LOSS_COLOURS

_DECADES = 4
"""Shown of a logarithmic axis, from the top: a gradient that dies in one run must not flatten all others."""


@dataclass(frozen=True)
class Trace:
    """A column in every panel.

    Attributes:
        column: of history.csv.
        legend: what it is, in a few words; empty for the only trace.
        colour: None for the strategy's own.
        style: of the line; empty: points alone; `area`: filled from zero, without a band.
        seeds: whether each seed has a thin line of its own, where they are few.
    """

    column: str
    legend: str = ""
    colour: str | None = None
    style: str = "-"
    seeds: bool = False

    @property
    def marker(self) -> str:
        """Of the points of what is not measured every epoch."""
        return "." if COLUMNS[self.column].sampled else ""

    @property
    def note(self) -> str:
        """What else its reader has to know, in a sentence."""
        return COLUMNS[self.column].note


@dataclass(frozen=True)
class Chart:
    """A figure of small multiples.

    Attributes:
        name: of the file.
        title: of the figure.
        y: label of the vertical axis.
        note: likewise.
        traces: what is drawn; a strategy without the first of them has no panel, and all have its scale.
        reference: whether each panel also shows the first trace of the reference.
    """

    name: str
    title: str
    y: str
    note: str
    traces: tuple[Trace, ...]
    reference: bool = False

    @property
    def shape(self) -> Callable[[Axes, float], None]:
        """What sets limits and ticks for all panels, given the greatest value that is drawn."""
        return _SHAPES[COLUMNS[self.traces[0].column].scale]


def _share(axes: Axes, _: float) -> None:
    axes.set_ylim(-0.04, 1.04)
    axes.set_yticks([0, 0.5, 1])


def _percent(axes: Axes, highest: float) -> None:
    _share(axes, highest)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))


def _from_zero(axes: Axes, highest: float) -> None:
    axes.set_ylim(0, max(0.05, highest * 1.06))


def _angle(axes: Axes, _: float) -> None:
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks([-1, 0, 1])


def _log(axes: Axes, highest: float) -> None:
    axes.set_yscale("log")
    if highest > 0:
        top = math.floor(math.log10(highest)) + 1
        bottom = math.floor(math.log10(axes.get_ylim()[0]))
        axes.set_ylim(10.0 ** max(bottom, top - _DECADES), 10.0**top)
    axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(_power))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _power(value: float, _: object = None) -> str:
    """Return 10⁻³ for 0.001, in letters and not in mathtext."""
    exponent = round(math.log10(value)) if value > 0 else 0
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


_SHAPES = {"share": _share, "percent": _percent, "signed": _angle, "log": _log, "plain": _from_zero}


def _titled(column: str, colour: str | None = None, style: str = "-", seeds: bool = False) -> Trace:
    return Trace(column, COLUMNS[column].title, colour, style, seeds)


AP = Chart(
    "ap",
    f"{COLUMNS[FIGURE].title} by epoch",
    COLUMNS[FIGURE].axis,
    AT_POINTS,
    (Trace(FIGURE, seeds=True),),
    reference=True,
)
ALPHA = Chart(
    "alpha",
    "α by epoch",
    "α, share",
    "",
    (_titled("alpha"), _titled("share_l2", LOSS_COLOURS["l2"], "--")),
)
FULL_IMAGE = Chart(
    "full-image",
    f"{COLUMNS['full_image'].title} by epoch",
    COLUMNS["full_image"].unit,
    AT_POINTS,
    (Trace("full_image", seeds=True),),
    reference=True,
)
NORMS = Chart(
    "gradient-norms",
    "gradient norms at the vertices by epoch",
    f"norm, {COLUMNS['grad_l2'].unit}",
    f"The scale is logarithmic and shows {_DECADES} decades at most.",
    (
        _titled("grad_l2", LOSS_COLOURS["l2"], seeds=True),
        _titled("grad_mgiou", LOSS_COLOURS["mgiou"], seeds=True),
    ),
)
COSINE = Chart(
    "gradient-cosine",
    "cosine of the two losses' gradients by epoch",
    "cosine",
    "",
    (
        Trace("grad_cosine", "at the vertices"),
        Trace("net_grad_cosine", "at the shared weights", INK, ""),
        _titled("conflict", "#999999", "area"),
    ),
)
CHARTS = (AP, ALPHA, FULL_IMAGE, NORMS, COSINE)
