"""How every figure looks: size, type, and which colour is whose."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from bench.report.arms import about
from bench.report.model import Row

WIDTH = 8.0
"""Inches; 1200 pixels, so that 9 pt stay readable where a page shows it at two thirds of that."""

_STYLE = {
    "figure.dpi": 150,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "text.parse_math": False,  # labels come from records: a dollar sign is a dollar sign
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.linewidth": 0.8,
    "xtick.color": "#888888",
    "ytick.color": "#888888",
    "xtick.labelcolor": "#333333",
    "ytick.labelcolor": "#333333",
    "axes.labelcolor": "#333333",
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.solid_capstyle": "round",
}

INK = "#333333"
REFERENCE_COLOUR = "#777777"
LOSS_COLOURS = {"l2": REFERENCE_COLOUR, "mgiou": "#D55E00"}
"""A strategy that is one loss alone has the colour of the loss."""
_PALETTE = ("#0072B2", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#882255", "#999933")
"""Okabe and Ito's without their yellow, which is lost on white, with wine and olive from Tol's muted set."""


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house's style, whatever matplotlibrc there is."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def canvas(height: float) -> Canvas:
    """Return an empty figure, `WIDTH` inches wide."""
    figure = Canvas(figsize=(WIDTH, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def colours(rows: Iterable[Row]) -> dict[str, str]:
    """Return the colour of each row by name. Relatives share one: no dozen colours can be told apart by everyone."""
    families = {row.name: _family(row) for row in rows}
    others = sorted(set(families.values()) - LOSS_COLOURS.keys())
    by_family = {family: _PALETTE[i % len(_PALETTE)] for i, family in enumerate(others)} | LOSS_COLOURS
    return {name: by_family[family] for name, family in families.items()}


def _family(row: Row) -> str:
    """Return the first word of a strategy's name; of the strategy it is about, for an escape test or a control."""
    name = about(row.strategy) or row.strategy["name"]
    return name.partition("[")[0].partition("-")[0]
