"""Predictions on disk: COCO results, YOLO text, and images with the polygons drawn."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from bench.errors import UserError
from bench.evaluation.results import Result, ring_of
from bench.files import write_atomic
from datasets import DataError, DataSet
from datasets.files import SUFFIXES, images_in, picture_size
from datasets.formats.conversion import file_names
from datasets.pictures import decoded

_COLOURS = ((0, 200, 255), (255, 120, 0), (80, 220, 80), (220, 80, 220), (60, 60, 240), (200, 200, 0))
"""BGR, by category."""


def find_images(source: Path) -> list[Path]:
    """Return the image that a path is, or those in the folder that it is and below; hidden ones are left out.

    Raises:
        UserError: there are none, or a folder cannot be read.
    """
    if source.is_file():
        return [source]
    try:
        found = images_in(source) if source.is_dir() else []
    except OSError as error:
        raise UserError(f"{error.filename or source} cannot be read: {error.strerror}; mend its permissions") from None
    if not found:
        raise UserError(f"{source}: no image, and no folder with images ({', '.join(sorted(SUFFIXES))})")
    return found


def sorted_out(paths: Sequence[Path]) -> tuple[list[Path], list[DataError]]:
    """Return the images that can be read, pixels and all, and what is wrong with each of the others."""
    sound, wrong = [], []
    for path in paths:
        try:
            picture_size(path)
        except DataError as error:
            wrong.append(error)
            continue
        if decoded(path) is None:
            wrong.append(DataError(f"{path} cannot be decoded as an image; replace it"))
        else:
            sound.append(path)
    return sound, wrong


def write_predictions(folder: Path, data: DataSet, results: list[Result]) -> None:
    """Write what was found on the validation split of a data set.

    - `predictions.json`: COCO results, as pycocotools' `loadRes` takes them; `segmentation` is the convex hull on the
      image, `ring` the vertices as predicted, in pixels.
    - `images.json`: the images and categories that they refer to, as `COCO` takes them.
    - `labels/NAME.txt`: a row a polygon, class index, x and y of each vertex as shares of the image's sides, score.
    - `images/NAME.png`: the image with the polygons drawn.

    NAME is the image's own, folders included, without its suffix where no other image has the same without it.

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
    stems = _stems([entry["file_name"] for entry in data.val.coco["images"]])
    for image, stem in zip(data.val.images, stems, strict=True):
        own = by_image[image.id]
        rows = [_row(result, index[result["category_id"]], image.width, image.height) for result in own]
        write_atomic(folder / "labels" / f"{stem}.txt", "".join(rows))
        drawn = _drawn(image.path, [(index[result["category_id"]], ring_of(result)) for result in own])
        write_atomic(folder / "images" / f"{stem}.png", drawn)


def _stems(names: Sequence[str]) -> list[str]:
    """Return names for what belongs to each image, all of them different, on file systems without capitals too."""
    paths = [PurePosixPath(name) for name in names]
    common = Counter(str(path.with_suffix("")).casefold() for path in paths)
    by_folder: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
    for path in paths:
        by_folder[path.parent].append(path)
    found: dict[PurePosixPath, str] = {}
    for folder, own in by_folder.items():
        wanted = [path.name if common[str(path.with_suffix("")).casefold()] > 1 else path.stem for path in own]
        given = file_names("val", [f"{name}.txt" for name in wanted])
        found |= {path: str(folder / PurePosixPath(name).stem) for path, name in zip(own, given, strict=True)}
    return [found[path] for path in paths]


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
