"""The pixels that a gallery shows, and what a run predicts on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.evaluation.results import Result
from bench.evaluation.samples import best_per_image
from bench.records import RecordError, RunFolder
from bench.report.model import Row, Seed
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
    """Return a run's best predictions on each image, as `best_per_image` does.

    Returns:
        None where the run has no predictions that can be read.
    """
    try:
        results = RunFolder(folder / run_id).read_predictions()
    except (OSError, ValueError, RecordError):
        return None
    shown = {image.id for image in images}
    try:
        of_them = (result for result in results if result["image_id"] in shown)
        return best_per_image((result for result in of_them if _has_hull(result)), images)
    except (KeyError, TypeError, ValueError):  # written by something else
        return None


def _has_hull(result: Result) -> bool:
    """Whether the hull is of points. Raises ValueError or TypeError where it is not even of numbers."""
    return all(np.asarray(part, dtype=np.float64).size % 2 == 0 for part in result["segmentation"])
