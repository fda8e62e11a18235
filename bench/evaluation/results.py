"""Detections in COCO's results form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.geometry import Points, clip_to_image

Result = dict[str, Any]

NOTHING = [[0.0] * 6]
"""A segmentation that pycocotools takes, covers no pixel with, and so never matches."""

_FAR = 1e9
"""Pixels from the origin to which vertices are held; a ring that is not finite is put there whole, off any image."""
_FAR_BOX = 4e4
"""Likewise for boxes: pycocotools leaves detections of over 1e10 square pixels out of AP, and so forgives them."""


def coco_results(
    image_id: int,
    width: int,
    height: int,
    category_ids: Sequence[int],
    scores: NDArray[np.floating],
    boxes: NDArray[np.floating],
    rings: NDArray[np.floating],
) -> list[Result]:
    """Return one image's detections as COCO results.

    Args:
        image_id: of the image.
        width: of the image in pixels.
        height: likewise.
        category_ids: the COCO category of each detection, N of them.
        scores: (N,).
        boxes: (N, 4), xyxy in pixels.
        rings: (N, V, 2), vertices as predicted, in pixels; they may lie anywhere, and need not be finite.

    Returns:
        N results with `image_id`, `category_id`, `score`, `bbox` (xywh), `segmentation` (the convex hull clipped to the
        image; `NOTHING` when none of it is on the image) and `ring` (the vertices, [x, y, x, y, ...]). pycocotools
        scores them as they are.
    """
    boxes, rings = _bounded(boxes, _FAR_BOX), _bounded(rings, _FAR)
    sizes = boxes[:, 2:] - boxes[:, :2]
    return [
        {
            "image_id": image_id,
            "category_id": int(category_id),
            "score": round(float(score), 5),
            "bbox": _rounded(np.concatenate((box[:2], size))),
            "segmentation": segmentation_of(ring, width, height, hull=True),
            "ring": _rounded(ring),
        }
        for category_id, score, box, size, ring in zip(category_ids, scores, boxes, sizes, rings, strict=True)
    ]


def segmentation_of(ring: Points, width: int, height: int, *, hull: bool) -> list[list[float]]:
    """Return the part of a shape that is on the image, as COCO polygons; the arguments are those of `clip_to_image`."""
    return [_rounded(part) for part in clip_to_image(ring, width, height, hull=hull)] or NOTHING


def ring_of(result: Result) -> Points:
    """Return a result's vertices as predicted, (V, 2)."""
    return np.array(result["ring"], dtype=np.float64).reshape(-1, 2)


def _bounded(values: NDArray[np.floating], limit: float) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    return np.where(finite.reshape(-1, *[1] * (values.ndim - 1)), values, limit).clip(-limit, limit)


def _rounded(values: NDArray[np.floating]) -> list[float]:
    return np.asarray(values, dtype=np.float64).round(2).ravel().tolist()
