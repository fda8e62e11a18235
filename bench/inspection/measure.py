"""What a data set holds, in figures, and what they say about V and the size of images."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from bench.evenly import evenly
from bench.geometry import resample
from datasets import DataSet, Split
from datasets.coco import VERTICES

FAITHFUL = 0.98
"""Mean IoU of polygons with their resampled selves from which on V is said to be enough."""
CONVEX = 0.99
"""Share of its hull's area from which on a polygon counts as convex: what it lacks is the annotator's hand."""
MEDIAN_SIDE = 32
"""Pixels that the shorter side of the median object should have: COCO's border of small objects (32² square pixels),
below which every detector's AP drops, and four cells of the finest grid, whose stride is 8."""
SMALLEST_SIDE = 8
"""Pixels for the shorter side of all but the smallest 5 %: one cell of the finest grid, so that a centre lies in it."""
STRIDE = 32
"""Sizes are multiples of the coarsest grid's stride; two cells of it are the least."""
MOST = 300
"""Polygons that are resampled, at even distances through the set; more change the means in the third digit."""
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Loss:
    """What is lost when polygons are made to have V vertices.

    Attributes:
        vertices: V.
        mean: IoU of a polygon with itself resampled, averaged.
        low: the same at the 5 % that lose most.
        poor: share of polygons under 0.9.
    """

    vertices: int
    mean: float
    low: float
    poor: float


@dataclass(frozen=True)
class Advice:
    """What the figures say.

    Attributes:
        vertices: the smallest V that is faithful; the largest there is where none is.
        faithful: whether it is.
        imgsz: the image size that gives objects the sides they should have.
        wanted: what it would be if the images were not smaller.
    """

    vertices: int
    faithful: bool
    imgsz: int
    wanted: int


@dataclass(frozen=True)
class Inspection:
    """A data set in figures; polygons are those that are trained on, of both splits unless a key says which.

    Attributes:
        name: of the data set.
        fingerprint: of its content.
        splits: by name: images, empty (images without objects), objects, crowds, most (objects on one image).
        categories: objects by category, by split.
        sizes: images by (width, height), most frequent first.
        histogram: polygons by number of vertices.
        areas: share of the image that a polygon covers, at `QUANTILES`.
        sides: a polygon's shorter side as a share of its image's longer side, at `QUANTILES`; of its smallest
            rectangle at any angle.
        convex: share of polygons that fill at least 99 % of their hull.
        hull: IoU of polygons with their hull, averaged: what AP of the hull can reach at best.
        sampled: polygons that were resampled.
        losses: for every V.
        default: V that `run` takes unless told.
        advice: on V and the size of images.
        notes: of reader and conversion.
    """

    name: str
    fingerprint: str
    splits: dict[str, dict[str, int]]
    categories: dict[str, dict[str, int]]
    sizes: dict[str, int]
    histogram: dict[int, int]
    areas: tuple[float, ...]
    sides: tuple[float, ...]
    convex: float
    hull: float
    sampled: int
    losses: tuple[Loss, ...]
    default: int
    advice: Advice
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it in plain values, with what the rules go by."""
        rules = {
            "faithful": FAITHFUL,
            "convex": CONVEX,
            "median_side": MEDIAN_SIDE,
            "smallest_side": SMALLEST_SIDE,
            "quantiles": QUANTILES,
        }
        return {**asdict(self), "rules": rules}


def inspect(data: DataSet) -> Inspection:
    """Return a data set's figures."""
    images = [*data.train.images, *data.val.images]
    polygons = [(image, item) for image in images for item in image.objects]
    rings = [item.points for _, item in polygons]
    shapes = np.array([shapely.make_valid(shapely.polygons(ring)) for ring in rings])
    hulls = shapely.convex_hull(shapes)
    areas = shapely.area(shapes)
    fill = areas / np.maximum(shapely.area(hulls), np.finfo(float).tiny)
    sides = np.array([_short_side(item.points) / max(image.width, image.height) for image, item in polygons])
    chosen = evenly(rings, MOST)
    losses = tuple(_losses(chosen))
    enough = next((loss.vertices for loss in losses if loss.mean >= FAITHFUL), None)
    longest = float(np.median([max(image.width, image.height) for image in images]))
    return Inspection(
        name=data.name,
        fingerprint=data.fingerprint,
        splits={split.name: _counts(split) for split in (data.train, data.val)},
        categories=_by_category(data),
        sizes=dict(Counter(f"{image.width} x {image.height}" for image in images).most_common()),
        histogram=dict(sorted(Counter(map(len, rings)).items())),
        areas=_quantiles(areas / [image.width * image.height for image, _ in polygons]),
        sides=_quantiles(sides),
        convex=float((fill >= CONVEX).mean()),
        hull=float(fill.mean()),
        sampled=len(chosen),
        losses=losses,
        default=data.vertices,
        advice=Advice(enough or VERTICES[-1], enough is not None, *image_size(sides, longest)),
        notes=data.notes,
    )


def image_size(sides: Values, longest: float) -> tuple[int, int]:
    """Return the image size to train with, and what it would be if images were not smaller.

    Args:
        sides: shorter side of every object (N,), as a share of its image's longer side.
        longest: longer side of a usual image in pixels; beyond it images are only blown up.
    """
    median, small = np.quantile(sides, (0.5, 0.05))
    needed = max(MEDIAN_SIDE / max(median, 1e-6), SMALLEST_SIDE / max(small, 1e-6))
    wanted = max(2 * STRIDE, _rounded_up(needed))
    return min(wanted, max(2 * STRIDE, _rounded_up(longest))), wanted


def overlap(ring: Values, other: Values) -> float:
    """Return the IoU of two rings (K, 2), each as the even-odd rule fills it."""
    a, b = (shapely.make_valid(shapely.polygons(one)) for one in (ring, other))
    union = shapely.area(shapely.union(a, b))
    return float(shapely.area(shapely.intersection(a, b)) / union) if union > 0 else 0.0


def _losses(rings: Sequence[Values]) -> list[Loss]:
    # Removing vertices goes on from where it stopped, so that long rings are walked once.
    few = [resample(ring, VERTICES[-1]) if len(ring) > VERTICES[-1] else ring for ring in rings]
    found = []
    for vertices in VERTICES:
        ious = np.array([overlap(ring, resample(short, vertices)) for ring, short in zip(rings, few, strict=True)])
        found.append(Loss(vertices, float(ious.mean()), float(np.quantile(ious, 0.05)), float((ious < 0.9).mean())))
    return found


def _counts(split: Split) -> dict[str, int]:
    numbers = [len(image.objects) for image in split.images]
    crowds = sum(entry["iscrowd"] for entry in split.coco["annotations"])
    return {
        "images": len(numbers),
        "empty": numbers.count(0),
        "objects": sum(numbers),
        "crowds": crowds,
        "most": max(numbers),
    }


def _by_category(data: DataSet) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for index, name in enumerate(data.categories):
        key = name if name not in found else f"{name} ({index})"
        found[key] = {
            split.name: sum(item.category == index for image in split.images for item in image.objects)
            for split in (data.train, data.val)
        }
    return found


def _short_side(ring: Values) -> float:
    """Return the shorter side of the smallest rectangle around a ring, at any angle."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(shapely.multipoints(ring)))
    return float(np.linalg.norm(np.diff(corners[:3], axis=0), axis=1).min()) if len(corners) == 5 else 0.0


def _quantiles(values: Values) -> tuple[float, ...]:
    return tuple(map(float, np.quantile(values, QUANTILES)))


def _rounded_up(pixels: float) -> int:
    return STRIDE * math.ceil(pixels / STRIDE - 1e-9)
