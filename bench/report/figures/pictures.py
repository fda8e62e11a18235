"""The images that a gallery shows, and what a run predicts on them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.evaluation.results import Result, ring_of
from bench.records import RecordError
from bench.report.model import Row, Seed
from bench.run_folder import RunFolder
from datasets.pictures import decoded

if TYPE_CHECKING:
    from datasets import Image

_LONGEST = 320
"""Pixels; a larger image is made smaller before it is drawn."""


def pixels(image: Image) -> NDArray[np.uint8] | None:
    """Return an image in RGB, (H, W, 3), turned as its EXIF data say; None where it cannot be read any more."""
    found = decoded(image.path)
    if found is None:
        return None
    scale = _LONGEST / max(found.shape[:2])
    if scale < 1:
        size = (max(1, round(found.shape[1] * scale)), max(1, round(found.shape[0] * scale)))
        found = cv2.resize(found, size, interpolation=cv2.INTER_AREA)
    return found[:, :, ::-1]


def shown_seed(row: Row) -> Seed | None:
    """Return the run of a row that a gallery shows: of those that are done, the one with the lowest seed."""
    return min((seed for seed in row.seeds if seed.status == "done"), key=lambda seed: seed.seed, default=None)


def predictions(folder: Path, run_id: str, images: Sequence[Image]) -> dict[int, list[Result]] | None:
    """Return a run's best predictions on each image, by its id: as many as it has objects, and at least one.

    Returns:
        None where the run has no predictions that can be read.
    """
    try:
        results = RunFolder(folder / run_id).read_predictions()
    except (OSError, ValueError, RecordError):
        return None
    wanted = {image.id: max(1, len(image.objects)) for image in images}
    by_image: dict[int, list[Result]] = defaultdict(list)
    try:
        for result in results:
            if result["image_id"] in wanted and math.isfinite(result["score"]) and _is_drawable(result):
                by_image[result["image_id"]].append(result)
        return {
            number: sorted(by_image[number], key=lambda one: -one["score"])[:most] for number, most in wanted.items()
        }
    except (KeyError, TypeError, ValueError):  # written by something else
        return None


def _is_drawable(result: Result) -> bool:
    """Whether ring and hull are points. Raises ValueError or TypeError where they are not even numbers."""
    parts = [np.asarray(part, dtype=np.float64) for part in result["segmentation"]]
    return ring_of(result).size > 0 and all(part.size % 2 == 0 for part in parts)
