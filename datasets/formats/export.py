"""Data sets written in other formats."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import yaml

from datasets.annotations import polygons
from datasets.cache import made
from datasets.errors import DataError
from datasets.files import SUFFIXES
from datasets.formats.conversion import file_names, of_data_set, place
from datasets.formats.labelme import LABELS
from datasets.model import DataSet, Image, Split
from datasets.notes import as_lines
from datasets.rings import Ring, area

LABELME = "5.5.0"
"""Version of labelme that its files say they are of."""
_ULTRALYTICS_SLACK = 0.01
"""Share of a side that Ultralytics lets a label reach out of its image; with more, it leaves the image out."""


class _Object(NamedTuple):
    category: int
    parts: list[Ring]

    @property
    def largest(self) -> Ring:
        return max(self.parts, key=area)


def export(data: DataSet, to: str, folder: Path) -> tuple[str, ...]:
    """Write a data set in another format; images are copied.

    Args:
        data: the data set.
        to: one of `WRITERS`.
        folder: where to; it must not be there, or be empty.

    Returns:
        Notes: what the format cannot hold, and how many times.

    Raises:
        DataError: the format cannot hold the polygons, or the folder cannot be written. Nothing of it is left.
    """
    try:
        taken = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise DataError(f"-o {folder}: {error.strerror}; choose another") from None
    if taken:
        raise DataError(f"-o {folder}: it is there already; name a new folder")
    notes: Counter[str] = Counter()

    def make(new: Path) -> None:
        WRITERS[to](data, new, notes)

    made(folder, make, what=f"{to} of {data.name!r}", remedy="choose another with -o DIR", replace=True)
    return as_lines(notes)


def _coco(data: DataSet, folder: Path, notes: Counter[str]) -> None:
    of_data_set(data).write(folder, link=False)


def _yolo_segment(data: DataSet, folder: Path, notes: Counter[str]) -> None:
    _yolo(data, folder, notes, lambda ring, size: _shares(ring, size), {})


def _yolo_obb(data: DataSet, folder: Path, notes: Counter[str]) -> None:
    objects = [one for split in (data.train, data.val) for _, _, found in _images(split, data) for one in found]
    others = sum(len(one.largest) != 4 for one in objects)
    if others:
        raise DataError(
            f"{data.name}: {others} of {len(objects)} polygons have not 4 vertices, and an oriented box has; "
            "export them to yolo-segment"
        )
    _yolo(data, folder, notes, lambda ring, size: _shares(ring, size), {})
    notes["quads are written as they are; Ultralytics fits a rectangle to each"] += len(objects)


def _yolo_pose(data: DataSet, folder: Path, notes: Counter[str]) -> None:
    most = max(
        len(one.largest) for split in (data.train, data.val) for _, _, found in _images(split, data) for one in found
    )

    def row(ring: Ring, size: tuple[int, int]) -> list[str]:
        low, high = ring.min(0), ring.max(0)
        box = _shares(np.stack(((low + high) / 2, high - low)), size)
        points = [word for point in ring for word in (*_shares(point[None], size), "2")]
        return [*box, *points, *["0"] * (3 * (most - len(ring)))]

    _yolo(data, folder, notes, row, {"kpt_shape": [most, 3]})


def _yolo(
    data: DataSet,
    folder: Path,
    notes: Counter[str],
    row: Callable[[Ring, tuple[int, int]], list[str]],
    more: dict[str, Any],
) -> None:
    for image in (*data.train.images, *data.val.images):
        if image.path.suffix.lower() not in SUFFIXES:
            raise DataError(
                f"{data.name}: {image.path.name!r} is no image by its suffix to Ultralytics; save it as PNG"
            )
    for split in (data.train, data.val):
        _note_losses(split, notes, several=True)
        for name, image, objects in _images(split, data):
            place(image.path, folder / "images" / name, link=False)
            size = image.width, image.height
            rows = [" ".join((str(one.category), *row(one.largest, size))) for one in objects]
            label = folder / "labels" / PurePosixPath(name).with_suffix(".txt")
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text("".join(f"{line}\n" for line in rows))
            reach = [np.abs(one.largest / size - 0.5).max() - 0.5 for one in objects]
            if any(out > _ULTRALYTICS_SLACK for out in reach):
                notes[
                    "images have a polygon that reaches out of them: Ultralytics leaves them out, import here not"
                ] += 1
    content = {"train": "images/train", "val": "images/val", **more, "names": dict(enumerate(data.categories))}
    (folder / "data.yaml").write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")


def _labelme(data: DataSet, folder: Path, notes: Counter[str]) -> None:
    if len(set(data.categories)) < len(data.categories):
        raise DataError(f"{data.name}: two categories have one name, which labelme cannot tell apart; rename one")
    if odd := [name for name in data.categories if not name or name != name.strip() or not name.isprintable()]:
        raise DataError(f"{data.name}: category {odd[0]!r} has a name that fits on no line of its own; rename it")
    for split in (data.train, data.val):
        _note_losses(split, notes, several=False)
        for name, image, objects in _images(split, data):
            place(image.path, folder / name, link=False)
            shapes = [
                {
                    "label": data.categories[one.category],
                    "points": part.tolist(),
                    "group_id": number if len(one.parts) > 1 else None,
                    "shape_type": "polygon",
                    "flags": {},
                }
                for number, one in enumerate(objects, 1)
                for part in one.parts
            ]
            content = {
                "version": LABELME,
                "flags": {},
                "shapes": shapes,
                "imagePath": PurePosixPath(name).name,
                "imageData": None,
                "imageHeight": image.height,
                "imageWidth": image.width,
            }
            (folder / name).with_suffix(".json").write_text(json.dumps(content, indent=1))
    (folder / LABELS).write_text("".join(f"{name}\n" for name in data.categories), "utf-8")


WRITERS: dict[str, Callable[[DataSet, Path, Counter[str]], None]] = {
    "coco": _coco,
    "yolo-segment": _yolo_segment,
    "yolo-pose": _yolo_pose,
    "yolo-obb": _yolo_obb,
    "labelme": _labelme,
}


def _images(split: Split, data: DataSet) -> Iterator[tuple[str, Image, list[_Object]]]:
    """Yield every image with the name it gets and its objects, crowds left out, in the annotation file's order."""
    index = {category_id: number for number, category_id in enumerate(data.category_ids)}
    objects: dict[int, list[_Object]] = {image.id: [] for image in split.images}
    sizes = {image.id: (image.width, image.height) for image in split.images}
    for entry in split.coco["annotations"]:
        if not entry["iscrowd"]:
            parts = polygons(entry, sizes[entry["image_id"]], split.name)
            objects[entry["image_id"]].append(_Object(index[entry["category_id"]], parts))
    names = file_names(split.name, [image.path.name for image in split.images])
    for name, image in zip(names, split.images, strict=True):
        yield name, image, objects[image.id]


def _note_losses(split: Split, notes: Counter[str], *, several: bool) -> None:
    for entry in split.coco["annotations"]:
        if entry["iscrowd"]:
            notes[f"crowd objects of {split.name} are left out: the format has none"] += 1
        elif several and len(entry["segmentation"]) > 1:
            notes[f"objects of {split.name} have several parts: the largest alone is written"] += 1


def _shares(points: Ring, size: tuple[int, int]) -> list[str]:
    """Return points as shares of the image's sides, to less than a ten-thousandth of a pixel on 10,000 pixels."""
    return [f"{value:.9g}" for value in (points / size).ravel()]
