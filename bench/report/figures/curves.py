"""What happened epoch by epoch, a panel a strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bench.report.figures.charts import Chart, Trace
from bench.report.figures.histories import Curve, Histories
from bench.report.figures.panels import grid
from bench.report.figures.style import INK, REFERENCE_COLOUR

FEW = 5
"""Up to so many seeds have a line of their own; more are a band alone."""

_BAND, _AREA, _BEHIND = 0.18, 0.45, (0, (3, 1.5))


def drawn_names(chart: Chart, names: Sequence[str], histories: Histories) -> list[str]:
    """Return the names of the rows that have what a chart shows."""
    return [name for name in names if histories.curve(name, chart.traces[0].column)]


def runs(chart: Chart, name: str, histories: Histories) -> int:
    """Return how many runs of a row a chart is of."""
    found = histories.curve(name, chart.traces[0].column)
    return len(found.values) if found else 0


def notes(chart: Chart, names: Sequence[str], histories: Histories) -> str:
    """Return what has to be said of a chart of the rows named, each sentence after a space."""
    shown = [one for one in chart.traces if any(histories.curve(name, one.column) for name in names)]
    return "".join(f" {note}" for note in (chart.note, *(one.note for one in shown)) if note)


def draw_curves(
    chart: Chart,
    heading: str,
    names: Sequence[str],
    histories: Histories,
    colours: Mapping[str, str],
    reference: str | None,
) -> Canvas:
    """Return a chart of the rows named, all of which `drawn_names` has named.

    Args:
        chart: what to draw.
        heading: of the figure.
        names: of the rows, one page of them.
        histories: by name.
        colours: by name.
        reference: name of the row that stands behind every panel; None where there is none.
    """
    found = {name: {one.column: histories.curve(name, one.column) for one in chart.traces} for name in names}
    present = [one for one in chart.traces if any(found[name][one.column] for name in names)]
    behind = histories.curve(reference, chart.traces[0].column) if chart.reference and reference else None
    known = [one for name in names for one in found[name].values() if one] + ([behind] if behind else [])
    most = max(len(one.values) for one in known)
    legend = _legend(present, most, reference if behind else None)
    figure, panels = grid(heading, names, legend, "epoch", chart.y)
    for axes, name in zip(panels, names, strict=True):
        if behind and name != reference:
            axes.plot(behind.epochs, behind.mean, color=REFERENCE_COLOUR, lw=1.1, ls=_BEHIND, gid="reference")
        for trace in present:
            if measured := found[name][trace.column]:
                _draw(axes, trace, measured, trace.colour or colours[name])
    chart.shape(panels[0], float(max(one.high.max() for one in known)))
    _epochs(panels, float(max(one.epochs.max() for one in known)))
    return figure


def _draw(axes: Axes, trace: Trace, measured: Curve, colour: str) -> None:
    several = len(measured.values) > 1
    if trace.style == "area":
        axes.fill_between(measured.epochs, measured.mean, color=colour, alpha=_AREA, lw=0, gid=trace.column, zorder=1)
        return
    if several and trace.style:
        axes.fill_between(measured.epochs, measured.low, measured.high, color=colour, alpha=_BAND, lw=0)
    if several and trace.seeds and len(measured.values) <= FEW:
        for one in measured.values:
            axes.plot(measured.epochs, one, color=colour, lw=0.7, alpha=0.75, gid=f"{trace.column} of a seed")
    marker = trace.marker or ("." if len(measured.epochs) == 1 else "")  # a line through one epoch is no line
    style = {"ls": trace.style or "none", "marker": marker, "lw": 1.6, "ms": 4}
    axes.plot(measured.epochs, measured.mean, color=colour, gid=trace.column, **style)


def _epochs(panels: Sequence[Axes], last: float) -> None:
    """Tick the epochs; the outer labels lean inwards, so that they do not run into those of the next panel."""
    panels[0].set_xlim(0, last * 1.02 or 1)
    ticks = [tick for tick in MaxNLocator(2, integer=True).tick_values(0, last) if 0 <= tick <= last]
    panels[0].set_xticks(ticks)
    for axes in panels:
        for label in axes.get_xticklabels()[:1]:
            label.set_horizontalalignment("left")
        for label in axes.get_xticklabels()[1:][-1:]:
            label.set_horizontalalignment("right")


def _legend(traces: Sequence[Trace], most: int, reference: str | None) -> list[Artist]:
    mean = "mean over seeds" if most > 1 else "one seed"
    found: list[Artist] = []
    for trace in traces:
        colour, told = trace.colour or INK, trace.legend or mean
        if trace.style == "area":
            found.append(Patch(color=colour, alpha=_AREA, lw=0, label=told))
        else:
            found.append(
                Line2D([], [], color=colour, ls=trace.style or "none", marker=trace.marker, lw=1.6, label=told)
            )
    if most > 1:
        if any(trace.seeds for trace in traces) and most <= FEW:
            found.append(Line2D([], [], color=INK, lw=0.7, alpha=0.75, label="each seed"))
        found.append(Patch(color=INK, alpha=_BAND, lw=0, label="range over seeds"))
    if reference:
        found.append(
            Line2D([], [], color=REFERENCE_COLOUR, lw=1.1, ls=_BEHIND, label=reference + ", mean" * (most > 1))
        )
    return found
