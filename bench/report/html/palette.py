"""Which strategy has which line: colour by family as in the figures, dash by relative, marks where dashes run out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.figures.style import colours
from bench.report.model import Row

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")

_ON_WHITE = {"#E69F00": "#A86F00", "#56B4E9": "#2F86BD", "#CC79A7": "#B4528A", "#009E73": "#008562"}
_ON_BLACK = {
    "#777777": "#A8A8A8",
    "#D55E00": "#FF8B42",
    "#0072B2": "#4FA9E6",
    "#009E73": "#2FC49D",
    "#E69F00": "#F0B23A",
    "#CC79A7": "#E79CC8",
    "#56B4E9": "#86CFF5",
    "#882255": "#D9679F",
    "#999933": "#C4C45C",
}
"""The figures' colours, moved until they stand out 3 : 1 from the page (WCAG 1.4.11)."""


@dataclass(frozen=True)
class Pen:
    """How a row is drawn.

    Attributes:
        light: colour on white.
        dark: colour on black.
        dash: plotly's name of it.
        symbol: plotly's name of its marks; `circle` for a line that is told from others without them.
    """

    light: str
    dark: str
    dash: str
    symbol: str = "circle"


def pens(rows: Sequence[Row]) -> dict[str, Pen]:
    """Return how each row is drawn, by name."""
    taken: dict[str, int] = defaultdict(int)
    found = {}
    for name, colour in colours(rows).items():
        marks, dash = divmod(taken[colour], len(_DASHES))
        taken[colour] += 1
        symbol = _SYMBOLS[marks % len(_SYMBOLS)]
        found[name] = Pen(_ON_WHITE.get(colour, colour), _ON_BLACK.get(colour, colour), _DASHES[dash], symbol)
    return found
