"""Predictions on disk: COCO results, YOLO text, and images with the polygons drawn."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from bench.errors import UserError
from bench.evaluation.results import Result, ring_of
from bench.files import write_atomic
from datasets import DataSet
from datasets.files import SUFFIXES
from datasets.formats.conversion import file_names
from datasets.pictures import decoded

_COLOURS = ((0, 200, 255), (255, 120, 0), (80, 220, 80), (220, 80, 220), (60, 60, 240), (200, 200, 0))
"""BGR, by category."""


def find_images(source: Path) -> list[Path]:
    """Return the image that a path is, or those in the folder that it is, by name; hidden ones are left out.

    Raises:
        UserError: there are none.
    """
    if source.is_file():
        return [source]
    listed = (path for path in sorted(source.glob("*")) if not path.name.startswith("."))
    found = [path for path in listed if path.suffix.lower() in SUFFIXES and path.is_file()]
    if not found:
        raise UserError(f"{source}: no image, and no folder with images ({', '.join(sorted(SUFFIXES))})")
    return found


def write_predictions(folder: Path, data: DataSet, results: list[Result]) -> None:
    """Write what was found on the validation split of a data set.

    - `predictions.json`: COCO results, as pycocotools' `loadRes` takes them; `segmentation` is the convex hull on the
      image, `ring` the vertices as predicted, in pixels.
    - `images.json`: the images and categories that they refer to, as `COCO` takes them.
    - `labels/NAME.txt`: a row a polygon, class index, x and y of each vertex as shares of the image's sides, score.
    - `images/NAME.png`: the image with the polygons drawn.

    NAME is the image's own, without its suffix where no other image has the same without it.

    Args:
        folder: an empty one.
        data: whose validation split it is.
        results: from `detect`.
    """
    write_atomic(folder / "predictions.json", json.dumps(results, allow_nan=False))
    write_atomic(folder / "images.json", json.dumps(data.val.coco))
    by_image: dict[int, list[Result]] = defaultdict(list)
    for result in results:
        by_image[result["image_id"]].append(result)
    index = {category_id: number for number, category_id in enumerate(data.category_ids)}
    stems = _stems([image.path for image in data.val.images])
    for image, stem in zip(data.val.images, stems, strict=True):
        own = by_image[image.id]
        rows = [_row(result, index[result["category_id"]], image.width, image.height) for result in own]
        write_atomic(folder / "labels" / f"{stem}.txt", "".join(rows))
        drawn = _drawn(image.path, [(index[result["category_id"]], ring_of(result)) for result in own])
        write_atomic(folder / "images" / f"{stem}.png", drawn)


def _stems(paths: Sequence[Path]) -> list[str]:
    """Return names for what belongs to each image, all of them different, on file systems without capitals too."""
    common = Counter(path.stem.casefold() for path in paths)
    wanted = [path.name if common[path.stem.casefold()] > 1 else path.stem for path in paths]
    return [Path(name).stem for name in file_names("val", [f"{one}.txt" for one in wanted])]


def _row(result: Result, category: int, width: int, height: int) -> str:
    points = ring_of(result) / (width, height)
    return " ".join([str(category), *(f"{value:.8f}" for value in points.ravel()), f"{result['score']:.5f}"]) + "\n"


def _drawn(path: Path, polygons: list[tuple[int, np.ndarray]]) -> bytes:
    image = decoded(path)
    if image is None:
        raise UserError(f"{path} cannot be read any more")
    thickness = max(1, round(min(image.shape[:2]) / 200))
    for category, ring in polygons:
        points = np.round(ring.clip(-1e4, 1e4)).astype(np.int32)
        cv2.polylines(image, [points], True, _COLOURS[category % len(_COLOURS)], thickness, cv2.LINE_AA)
        cv2.circle(image, tuple(map(int, points[0])), 2 * thickness, _COLOURS[category % len(_COLOURS)], -1)
    return cv2.imencode(".png", image)[1].tobytes()
