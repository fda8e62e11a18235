"""What the probe found, drawn."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.files import write_named
from bench.probe.model import LOSSES, Agreement, Landscape
from bench.probe.text import bin_text


def plot(found: Landscape, path: Path) -> None:
    """Draw the path, what lies outside, and the agreement into a PNG."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    FigureCanvasAgg(figure)
    (values, norms), (away, cosines) = figure.subplots(2, 2)
    for name in LOSSES:
        style = {"label": name, "marker": ".", "markersize": 4}
        on_path = [place.readings[name] for place in found.path]
        shares = [place.at for place in found.path]
        start = on_path[0].loss or 1.0
        values.plot(shares, [reading.loss / start for reading in on_path], **style)
        norms.plot(shares, [reading.per_vertex_image for reading in on_path], **style)
        far = [place.readings[name].per_vertex_image for place in found.outside]
        away.plot([place.at for place in found.outside], far, **style)
    values.set(
        title="Loss, as a share of its value at the full-image box", xlabel="from full-image box (0) to target (1)"
    )
    norms.set(title="Gradient per vertex and image side", xlabel=values.get_xlabel())
    away.set(title="Gradient per vertex and image side, outside", xlabel="image sides away from the target")
    away.set_xscale("log")
    for axes in (norms, away):
        axes.set_yscale("symlog", linthresh=1e-4)
        axes.set_ylim(bottom=0)
    for axes in (values, norms, away):
        axes.legend(fontsize="small")
    _draw_agreement(cosines, found.agreement)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    write_named(path, picture.getvalue())


def _draw_agreement(axes: Any, agreement: dict[str, list[Agreement]]) -> None:
    for form, rows in agreement.items():
        filled = [row for row in rows if row.pairs]
        spread = [
            [row.median - row.low_decile for row in filled],
            [row.high_decile - row.median for row in filled],
        ]
        middle = [row.median for row in filled]
        labels = [bin_text(row) for row in filled]
        axes.errorbar(labels, middle, yerr=spread, label=f"mgiou-{form}", marker="o", capsize=3)
    axes.axhline(0, color="grey", linewidth=0.8)
    axes.set(title="Cosine of the gradients of L2 and MGIoU: median, deciles", xlabel="IoU", ylim=(-1, 1))
    axes.legend(fontsize="small")
