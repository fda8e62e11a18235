"""COCO folders: `train.json`, `val.json` and `images/`, read whole and strictly."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from datasets.annotations import Size, completed, crowd, extent, polygons, same_box
from datasets.errors import DataError, wrong
from datasets.fields import by_id, field
from datasets.files import content, parsed, shown
from datasets.model import DataSet, Image, Object, Split
from datasets.notes import as_lines
from datasets.pictures import locate, size_of
from datasets.rings import Ring, area, is_simple
from datasets.unlisted import note_unlisted

VERTICES = range(3, 17)
HELD = 0.8
"""Share of the training polygons that the V chosen by default holds without leaving out a vertex."""
COUNTED = 100
"""Predictions on an image that AP looks at, of all categories together."""


def read(folder: Path, *, name: str, vertices: int | None = None, called: Mapping[str, str] | None = None) -> DataSet:
    """Read a COCO folder.

    Args:
        folder: with `train.json` and `val.json`; images lie in `images/` or beside the annotation files.
        name: what the data set is called in records.
        vertices: V where it is known; else chosen from the training polygons.
        called: what messages call each split's annotations; by default the path of the file.

    Returns:
        The data set. Objects with `iscrowd` are not trained on and stay in `coco`, where pycocotools ignores what
        matches them.

    Raises:
        DataError: anything that would train or score on something else than was meant, or that could not be scored.
    """
    digest = hashlib.sha256()
    train, val = (_Reader(folder, split, digest, (called or {}).get(split)) for split in ("train", "val"))
    if val.categories != train.categories:
        raise DataError(f"{val.called}: its categories differ from those of {train.called}; make them equal")
    splits = [reader.read() for reader in (train, val)]
    if both := train.files.keys() & val.files.keys():
        raise DataError(f"{folder}: {min(both).name!r} is in both splits; leave it out of one")
    seen = set(train.files.values())
    if alike := sum(one in seen for one in val.files.values()):
        val.notes["images of val are copies of images of train, and flatter the scores"] += alike
    used = [image.path for split in splits for image in split.images]
    test = [path for path in [folder / "test.json"] if path.is_file()]
    note_unlisted(train.folder, used, val.notes, test=test, places=[train.folder / "images", train.folder])
    if full := sum(len(image.objects) > COUNTED for image in splits[1].images):
        val.notes[f"images of val have over {COUNTED} objects: AP looks at the best {COUNTED} predictions of each"] += (
            full
        )
    return DataSet(
        name=name,
        root=folder,
        categories=tuple(train.categories.values()),
        category_ids=tuple(train.categories),
        train=splits[0],
        val=splits[1],
        fingerprint=digest.hexdigest(),
        vertices=vertices or _suggest_vertices(splits[0]),
        notes=as_lines(train.notes + val.notes),
    )


class _Reader:
    """Reads one split; every error names the file and the id.

    Attributes:
        categories: names by ascending COCO id.
        files: the digest of each image's bytes, by its path without links.
        notes: how many of what was left out or found odd.
    """

    def __init__(self, folder: Path, split: str, digest: Any, called: str | None) -> None:
        self.folder = folder.resolve()
        self.split = split
        self.path = folder / f"{split}.json"
        self.called = called or str(self.path)
        self.digest = digest
        self.content, self.raw = _load(self.path)
        self.categories = _categories(self.called, self.raw)
        self.index = {category_id: index for index, category_id in enumerate(self.categories)}
        self.files: dict[Path, bytes] = {}
        self.notes: Counter[str] = Counter()

    def read(self) -> Split:
        entries = by_id(self.raw, "images", self.called)
        if not entries:
            raise DataError(f"{self.called}: no images; a split needs at least one")
        sizes = {image_id: self._stated_size(image_id, entry) for image_id, entry in entries.items()}
        objects: dict[int, list[Object]] = {image_id: [] for image_id in entries}
        annotations, errors = [], []
        for item in self._annotations().items():
            try:
                annotations.append(self._annotation(*item, sizes, objects))
            except DataError as error:
                errors.append(error)
        wrong(errors)
        if not any(objects.values()):
            raise DataError(f"{self.called}: no annotated objects; there is nothing to learn or to score")
        self.digest.update(self.content)
        images = tuple(
            self._image(image_id, entry, sizes[image_id], tuple(objects[image_id]))
            for image_id, entry in sorted(entries.items())
        )
        return Split(self.split, images, {**self.raw, "annotations": annotations})

    def _annotations(self) -> dict[int, dict[str, Any]]:
        found = by_id(self.raw, "annotations", self.called)
        if 0 not in found:
            return found
        self.notes[f"annotations of {self.split} had id 0, which pycocotools never matches: it has a new id"] += 1
        free = max(found) + 1
        return {entry_id or free: {**entry, "id": entry_id or free} for entry_id, entry in found.items()}

    def _annotation(
        self, annotation_id: int, annotation: dict[str, Any], sizes: dict[int, Size], objects: dict[int, list[Object]]
    ) -> dict[str, Any]:
        """Check an annotation, put its object in `objects`, and return it as pycocotools wants it."""
        where = f"{self.called}: annotation {annotation_id}"
        image_id = field(annotation, "image_id", int, where)
        if image_id not in sizes:
            raise DataError(f"{where}: there is no image {image_id}; remove it, or add the image")
        category_id = field(annotation, "category_id", int, where)
        if category_id not in self.index:
            raise DataError(f"{where}: there is no category {category_id}; add it to categories")
        size = sizes[image_id]
        is_crowd = annotation.get("iscrowd", 0)
        if is_crowd not in (0, 1):
            raise DataError(f"{where}: iscrowd must be 0 or 1")
        if is_crowd:
            self.notes[f"crowd objects of {self.split} are not trained on, and ignored in scoring"] += 1
            return crowd(annotation, size, where)
        parts = polygons(annotation, size, where)
        points = max(parts, key=area)
        objects[image_id].append(Object(self.index[category_id], points))
        result = completed(annotation, parts, size, where)
        whole = np.concatenate(parts)
        boxes = extent(whole), extent(whole.clip(0, size))
        oddities = {
            "objects of {} have several parts: the largest is trained on, all are scored": len(parts) > 1,
            "objects of {} have a part inside another: were it a hole, it is filled": _has_part_inside(parts),
            "polygons of {} reach outside their image, and are used as they are": _reaches_out(points, size),
            "polygons of {} cross themselves, and are used as they are": not is_simple(points),
            "boxes of {} are not those of their polygons; the box AP is of the boxes": not any(
                same_box(result["bbox"], box) for box in boxes
            ),
        }
        self.notes.update(what.format(self.split) for what, is_so in oddities.items() if is_so)
        return result

    def _stated_size(self, image_id: int, entry: dict[str, Any]) -> Size:
        where = f"{self.called}: image {image_id}"
        width, height = (field(entry, side, int, where) for side in ("width", "height"))
        if width < 1 or height < 1:
            raise DataError(f"{where}: its size is {width} x {height}; both must be positive")
        return width, height

    def _image(self, image_id: int, entry: dict[str, Any], size: Size, objects: tuple[Object, ...]) -> Image:
        where = f"{self.called}: image {image_id}"
        path = locate(self.folder, field(entry, "file_name", str, where), where)
        file = path.resolve()
        if file in self.files:
            raise DataError(f"{where}: {path.name!r} is also the file of another image; keep one, with all its objects")
        read = content(path, f"{where}: {path.name!r}")
        found = size_of(read, path, where)
        if found != size:
            raise DataError(
                f"{where}: {path.name!r} is {found[0]} x {found[1]} as decoded, EXIF rotation included, "
                f"not {size[0]} x {size[1]} as stated; correct one"
            )
        self.digest.update(read)
        self.files[file] = hashlib.sha256(read).digest()
        return Image(image_id, path, *size, objects)


def _load(path: Path) -> tuple[bytes, dict[str, Any]]:
    where = shown(path)
    text = content(path, where, absent="is missing; a COCO folder holds train.json, val.json and images/")
    raw = parsed(text, where)
    if not isinstance(raw, dict):
        raise DataError(f"{where}: expected a JSON object with images, annotations, categories")
    return text, raw


def _categories(called: str, raw: Mapping[str, Any]) -> dict[int, str]:
    found = by_id(raw, "categories", called)
    if not found:
        raise DataError(f"{called}: no categories; there must be at least one")
    return {
        category_id: field(entry, "name", str, f"{called}: category {category_id}")
        for category_id, entry in sorted(found.items())
    }


def _reaches_out(points: Ring, size: Size) -> bool:
    return bool((points < 0).any() or (points > size).any())


def _has_part_inside(parts: Sequence[Ring]) -> bool:
    shapes = [shapely.make_valid(shapely.polygons(part)) for part in parts] if len(parts) > 1 else []
    return any(a is not b and shapely.contains(a, b) for a in shapes for b in shapes)


def _suggest_vertices(train: Split) -> int:
    counts = sorted(len(item.points) for image in train.images for item in image.objects)
    held = counts[math.ceil(HELD * len(counts)) - 1]
    return min(max(held, VERTICES[0]), VERTICES[-1])
