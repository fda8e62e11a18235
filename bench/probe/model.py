"""What the probe finds: a loss at a place, its shape, and how far two gradients agree."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bench.losses import FORMS
from bench.plain import to_plain

GRID = 12.0
"""Feature-grid cells along a side of the image."""

LOSSES = ("l2", "squared", *(f"mgiou-{form}" for form in FORMS))
"""L2 as trained, the plain mean squared distance in grid units, and MGIoU in its two forms."""

IOU_BINS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Edges of the bins of overlap; pairs that do not overlap have a bin of their own before them."""


@dataclass(frozen=True)
class Reading:
    """A loss at one prediction.

    Attributes:
        loss: its value.
        per_vertex_grid: mean over the vertices of the length of ∂loss/∂vertex, per grid cell.
        per_vertex_image: the same per image side, `GRID` times as much.
        total_grid: length of the gradient over all vertices at once, per grid cell (what the ledger records).
        total_image: the same per image side.
    """

    loss: float
    per_vertex_grid: float
    per_vertex_image: float
    total_grid: float
    total_image: float


@dataclass(frozen=True)
class Place:
    """Every loss at one prediction.

    Attributes:
        at: where: the share of the way from the full-image box to the target, or the distance moved away from the
            target in image sides.
        iou: IoU of prediction and target.
        readings: by name of the loss.
    """

    at: float
    iou: float
    readings: dict[str, Reading]


@dataclass(frozen=True)
class Convexity:
    """Whether a loss is convex in the prediction, tried on random predictions for the one target.

    Attributes:
        violations: share of pairs (a, b) with `f((a + b) / 2) > (f(a) + f(b)) / 2`; 0 for a convex loss.
        bent_down: share of points whose Hessian has an eigenvalue under 0 by more than rounding.
        least_eigenvalue: median over the points of the Hessian's least eigenvalue, per grid cell squared.
        downhill: share of points where a step straight towards the target lowers the loss. If it is everywhere so,
            there is no local minimum but the target.
    """

    violations: float
    bent_down: float
    least_eigenvalue: float
    downhill: float


@dataclass(frozen=True)
class Agreement:
    """The gradients of L2 and of one MGIoU form over random pairs whose IoU lies in one bin.

    Attributes:
        low: the bin's lower edge (exclusive; the first bin holds IoU = 0 alone).
        high: its upper edge.
        pairs: how many fell into it.
        low_decile: 10 % of the pairs have a smaller cosine.
        median: median cosine.
        high_decile: 10 % have a larger one.
        conflict: share with a cosine under 0.
        ratio: median of ‖∂L2‖ / ‖∂MGIoU‖.
    """

    low: float
    high: float
    pairs: int
    low_decile: float
    median: float
    high_decile: float
    conflict: float
    ratio: float


@dataclass(frozen=True)
class Landscape:
    """What `probe` found.

    Attributes:
        area: the target's share of the image.
        tilt: its rotation in radians.
        vertices: V.
        seed: of the random predictions and pairs.
        pairs: how many random pairs were drawn.
        full_image: every loss at the full-image box.
        path: along the straight line from the full-image box (0) to the target (1).
        outside: the target's own shape moved away from it.
        descent: IoU with the target after following each loss's gradient from the full-image box, in steps of
            fixed length that shrink to nothing.
        convexity: by name of the loss.
        agreement: by MGIoU form, a row a bin.
    """

    area: float
    tilt: float
    vertices: int
    seed: int
    pairs: int
    full_image: Place
    path: list[Place]
    outside: list[Place]
    descent: dict[str, float]
    convexity: dict[str, Convexity]
    agreement: dict[str, list[Agreement]]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dictionaries, lists and numbers; a bin nothing fell into has None."""
        return to_plain(asdict(self))
