"""What the probe found, as tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.claims import Judgement
from bench.claims.show import evidence
from bench.probe.model import Agreement, Landscape


@dataclass(frozen=True)
class Table:
    """A table for the terminal."""

    title: str
    headers: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def tables(found: Landscape, judgements: Iterable[Judgement]) -> list[Table]:
    """Return the losses at chosen places, their shapes, how far their gradients agree, and the claims on them."""
    return [_places(found), _shapes(found), _agreements(found), _claims(judgements)]


def bin_text(row: Agreement) -> str:
    """Return a bin of IoU as `0.25–0.5`; `0` for pairs that do not overlap."""
    return "0" if row.high == 0 else f"{row.low:g}–{row.high:g}"


def _places(found: Landscape) -> Table:
    quarter = len(found.path) // 4
    chosen = [("full-image box", found.full_image)]
    chosen += [(f"{place.at:.0%} of the way", place) for place in found.path[quarter::quarter]]
    chosen += [(f"{place.at:g} images away", place) for place in found.outside]
    rows = [
        (where, f"{place.iou:.2f}", name, *_short(reading.loss, reading.per_vertex_grid, reading.per_vertex_image))
        for where, place in chosen
        for name, reading in place.readings.items()
    ]
    headers = ("where", "IoU", "loss", "value", "gradient, grid", "gradient, image")
    title = f"Target: {found.area:g} of the image, tilted by {found.tilt:g}; norm of the gradient at a vertex"
    return Table(title, headers, rows)


def _shapes(found: Landscape) -> Table:
    rows = [
        (
            name,
            f"{shape.violations:.1%}",
            f"{shape.bent_down:.1%}",
            *_short(shape.least_eigenvalue),
            f"{shape.downhill:.1%}",
            f"{found.descent[name]:.2f}",
        )
        for name, shape in found.convexity.items()
    ]
    headers = ("loss", "midpoint too high", "bent down", "least eigenvalue", "downhill to target", "IoU reached")
    return Table("Convexity on random predictions; IoU after descent from the full-image box", headers, rows)


def _agreements(found: Landscape) -> Table:
    rows = [
        (f"mgiou-{form}", bin_text(row), row.pairs, *_short(row.low_decile, row.median, row.high_decile))
        + (f"{row.conflict:.0%}" if row.pairs else "-", *_short(row.ratio))
        for form, bins in found.agreement.items()
        for row in bins
    ]
    headers = ("with", "IoU", "pairs", "10 %", "median", "90 %", "under 0", "‖∂L2‖ / ‖∂MGIoU‖")
    return Table("Cosine of the gradients of L2 and MGIoU over random pairs", headers, rows)


def _claims(judgements: Iterable[Judgement]) -> Table:
    rows = [(one.verdict, one.claim.text, "; ".join(map(evidence, one.findings))) for one in judgements]
    return Table("What people say, as far as it needs no run", ("verdict", "claim", "figures"), rows)


def _short(*values: float) -> tuple[str, ...]:
    return tuple("-" if math.isnan(value) else f"{value:.3g}" for value in values)
