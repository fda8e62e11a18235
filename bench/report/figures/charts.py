"""Which columns of a history are drawn, and how their axes look."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator, PercentFormatter

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
        marker: of the points; for what is not measured every epoch.
        seeds: whether each seed has a thin line of its own, where they are few.
        note: what else its reader has to know, in a sentence.
    """

    column: str
    legend: str = ""
    colour: str | None = None
    style: str = "-"
    marker: str = ""
    seeds: bool = False
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A figure of small multiples.

    Attributes:
        name: of the file.
        title: of the figure.
        y: label of the vertical axis.
        note: likewise.
        traces: what is drawn; a strategy without the first of them has no panel.
        shape: sets limits and ticks for all panels; given the greatest value that is drawn.
        reference: whether each panel also shows the first trace of the reference.
    """

    name: str
    title: str
    y: str
    note: str
    traces: tuple[Trace, ...]
    shape: Callable[[Axes, float], None]
    reference: bool = False


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


AP = Chart(
    "ap",
    "mAP50-95 by epoch",
    "mAP50-95, validation",
    "It is measured at the points.",
    (Trace("mAP50_95", marker=".", seeds=True),),
    _from_zero,
    reference=True,
)
ALPHA = Chart(
    "alpha",
    "α by epoch",
    "α, share",
    "",
    (
        Trace("alpha", "α"),
        Trace(
            "share_l2",
            "L2's share of the update",
            LOSS_COLOURS["l2"],
            "--",
            note="L2's share is of the update at the vertices, as its weight and its gradient's norm make it.",
        ),
    ),
    _share,
)
FULL_IMAGE = Chart(
    "full-image",
    "full-image predictions by epoch",
    "share of validation images",
    "It is measured at the points.",
    (Trace("full_image", marker=".", seeds=True),),
    _percent,
    reference=True,
)
NORMS = Chart(
    "gradient-norms",
    "gradient norms at the vertices by epoch",
    "norm, mean over steps",
    f"The scale is logarithmic and shows {_DECADES} decades at most.",
    (
        Trace("grad_l2", "‖∂L2/∂v‖", LOSS_COLOURS["l2"], seeds=True),
        Trace("grad_mgiou", "‖∂MGIoU/∂v‖", LOSS_COLOURS["mgiou"], seeds=True),
    ),
    _log,
)
COSINE = Chart(
    "gradient-cosine",
    "cosine of the two losses' gradients by epoch",
    "cosine",
    "",
    (
        Trace("grad_cosine", "at the vertices"),
        Trace("net_grad_cosine", "at the shared weights", INK, "", "."),
        Trace(
            "conflict",
            "share of steps in conflict",
            "#999999",
            "area",
            note="In conflict is a step whose two gradients at the vertices have a cosine under 0.",
        ),
    ),
    _angle,
)
CHARTS = (AP, ALPHA, FULL_IMAGE, NORMS, COSINE)
