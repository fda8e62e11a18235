"""COCO folders: `train.json`, `val.json` and `images/`, read whole and strictly."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from datasets.errors import DataError
from datasets.model import DataSet, Image, Object, Split

VERTICES = range(3, 17)
_LARGEST = 1e7
HELD = 0.8
"""Share of the training polygons that the V chosen by default holds without leaving out a vertex."""


def read(folder: Path, *, name: str, vertices: int | None = None) -> DataSet:
    """Read a COCO folder.

    Args:
        folder: with `train.json` and `val.json`; images lie in `images/` or beside the annotation files.
        name: what the data set is called in records.
        vertices: V where it is known; else chosen from the training polygons.

    Returns:
        The data set. Objects with `iscrowd` are not trained on and stay in `coco`, where pycocotools ignores what
        matches them.

    Raises:
        DataError: anything that would train or score on something else than was meant.
    """
    files = {split: folder / f"{split}.json" for split in ("train", "val")}
    raw = {split: _load(path) for split, path in files.items()}
    categories = _categories(files["train"], raw["train"])
    if _categories(files["val"], raw["val"]) != categories:
        raise DataError(f"{files['val']}: its categories differ from those of {files['train'].name}; make them equal")
    notes: Counter[str] = Counter()
    digest = hashlib.sha256()
    splits = {}
    for split, path in files.items():
        digest.update(path.read_bytes())
        splits[split] = _Reader(folder, path, raw[split], tuple(categories), notes).read(split)
        for image in splits[split].images:
            digest.update(image.path.read_bytes())
    both = {image.path for image in splits["train"].images} & {image.path for image in splits["val"].images}
    if both:
        raise DataError(f"{folder}: {min(both).name} is in both splits; leave it out of one")
    return DataSet(
        name=name,
        root=folder,
        categories=tuple(categories.values()),
        category_ids=tuple(categories),
        train=splits["train"],
        val=splits["val"],
        fingerprint=digest.hexdigest(),
        vertices=vertices or _suggest_vertices(splits["train"]),
        notes=tuple(f"{count} {what}" for what, count in notes.items()),
    )


class _Reader:
    """Reads one annotation file; every error names the file and the id."""

    def __init__(
        self, folder: Path, path: Path, raw: dict[str, Any], category_ids: tuple[int, ...], notes: Counter[str]
    ) -> None:
        self.folder = folder.resolve()
        self.path = path
        self.raw = raw
        self.index = {category_id: index for index, category_id in enumerate(category_ids)}
        self.notes = notes

    def read(self, name: str) -> Split:
        entries = self._unique("images")
        if not entries:
            raise DataError(f"{self.path}: no images; a split needs at least one")
        objects: dict[int, list[Object]] = {image_id: [] for image_id in entries}
        annotations = []
        for annotation_id, annotation in self._unique("annotations").items():
            where = f"{self.path}: annotation {annotation_id}"
            image_id = _get(annotation, "image_id", int, where)
            if image_id not in entries:
                raise DataError(f"{where}: there is no image {image_id}; remove it, or add the image")
            if _get(annotation, "category_id", int, where) not in self.index:
                raise DataError(f"{where}: there is no category {annotation['category_id']}; add it to categories")
            crowd = annotation.get("iscrowd", 0)
            if crowd not in (0, 1):
                raise DataError(f"{where}: iscrowd must be 0 or 1, not {crowd!r}")
            if crowd:
                self.notes[f"crowd objects of {name} are not trained on, and ignored in scoring"] += 1
                annotations.append({"area": 0.0, "bbox": [0.0, 0.0, 0.0, 0.0], **annotation})
                continue
            parts = self._parts(annotation, where)
            if len(parts) > 1:
                self.notes[f"objects of {name} have several parts: the largest is trained on, all are scored"] += 1
            largest = max(parts, key=lambda part: abs(_signed_area(part)))
            objects[image_id].append(Object(self.index[annotation["category_id"]], largest))
            annotations.append(self._filled(annotation, parts))
        if not any(objects.values()):
            raise DataError(f"{self.path}: no annotated objects; there is nothing to learn or to score")
        images = tuple(
            self._image(image_id, entry, tuple(objects[image_id]), name) for image_id, entry in sorted(entries.items())
        )
        return Split(name, images, {**self.raw, "annotations": annotations})

    def _unique(self, key: str) -> dict[int, dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {}
        for position, entry in enumerate(_get(self.raw, key, list, str(self.path))):
            where = f"{self.path}: {key}[{position}]"
            if not isinstance(entry, dict):
                raise DataError(f"{where}: expected an object, found {type(entry).__name__}")
            entry_id = _get(entry, "id", int, where)
            if entry_id in found:
                raise DataError(f"{where}: id {entry_id} is there twice; ids must be unique")
            found[entry_id] = entry
        return found

    def _parts(self, annotation: dict[str, Any], where: str) -> list[NDArray[np.float64]]:
        segmentation = annotation.get("segmentation")
        if isinstance(segmentation, dict):
            raise DataError(f"{where}: its segmentation is run-length encoded; convert it to polygons")
        if not isinstance(segmentation, list) or not segmentation:
            raise DataError(f"{where}: it has no polygon in segmentation; add one, or remove the annotation")
        parts = []
        for part in segmentation:
            if not isinstance(part, list) or not all(_is_number(value) for value in part):
                raise DataError(f"{where}: segmentation must be a list of [x, y, x, y, ...] of numbers")
            if not all(abs(value) < _LARGEST for value in part):  # NaN compares false
                raise DataError(
                    f"{where}: a coordinate is not finite or beyond any image; correct or remove the annotation"
                )
            if len(part) % 2:
                raise DataError(f"{where}: an odd number of coordinates; they come in pairs x, y")
            ring = np.array(part, dtype=np.float64).reshape(-1, 2)
            if len(ring) > 3 and (ring[0] == ring[-1]).all():  # some tools close the ring by its first vertex again
                ring = ring[:-1]
            if len(ring) < 3:
                raise DataError(f"{where}: a polygon of {len(ring)} vertices; it needs at least 3")
            parts.append(ring)
        if not any(abs(_signed_area(part)) > 0 for part in parts):
            raise DataError(f"{where}: its polygon has no area; correct or remove the annotation")
        return parts

    @staticmethod
    def _filled(annotation: dict[str, Any], parts: list[NDArray[np.float64]]) -> dict[str, Any]:
        points = np.concatenate(parts)
        low, size = points.min(0), np.ptp(points, axis=0)
        area = float(sum(abs(_signed_area(part)) for part in parts))
        return {"iscrowd": 0, "area": area, "bbox": [*low.tolist(), *size.tolist()], **annotation}

    def _image(self, image_id: int, entry: dict[str, Any], objects: tuple[Object, ...], split: str) -> Image:
        where = f"{self.path}: image {image_id}"
        file_name = _get(entry, "file_name", str, where)
        width, height = (_get(entry, side, int, where) for side in ("width", "height"))
        if width < 1 or height < 1:
            raise DataError(f"{where}: its size is {width} x {height}; both must be positive")
        path = self._path(file_name, where)
        try:
            with Picture.open(path) as picture:
                size = picture.size
        except (OSError, ImportError, ValueError, Picture.DecompressionBombError) as error:
            # ImportError: once Ultralytics is imported, what Pillow cannot identify is tried with a plug-in of its own.
            raise DataError(f"{where}: {path} cannot be read as an image ({type(error).__name__})") from None
        if size != (width, height):
            raise DataError(f"{where}: {path} is {size[0]} x {size[1]}, not {width} x {height} as stated; correct one")
        outside = sum(bool((item.points < 0).any() or (item.points > (width, height)).any()) for item in objects)
        if outside:
            self.notes[f"polygons of {split} reach outside their image, and are used as they are"] += outside
        return Image(image_id, path, width, height, objects)

    def _path(self, file_name: str, where: str) -> Path:
        for base in (self.folder / "images", self.folder):
            path = base / file_name
            if path.is_file():
                if not path.resolve().is_relative_to(self.folder):
                    raise DataError(f"{where}: file_name {file_name!r} leads out of {self.folder}; move the image in")
                return path
        raise DataError(f"{where}: {self.folder / 'images' / file_name} is missing")


def _load(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path} is missing; a COCO folder holds train.json, val.json and images/") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON ({' '.join(str(error).split())}); is it cut off?") from None
    if not isinstance(raw, dict):
        raise DataError(f"{path}: expected a JSON object with images, annotations, categories")
    return raw


def _categories(path: Path, raw: Mapping[str, Any]) -> dict[int, str]:
    """Return names by ascending COCO id."""
    found: dict[int, str] = {}
    for position, entry in enumerate(_get(raw, "categories", list, str(path))):
        where = f"{path}: categories[{position}]"
        if not isinstance(entry, dict):
            raise DataError(f"{where}: expected an object, found {type(entry).__name__}")
        category_id = _get(entry, "id", int, where)
        if category_id in found:
            raise DataError(f"{where}: id {category_id} is there twice; ids must be unique")
        found[category_id] = _get(entry, "name", str, where)
    if not found:
        raise DataError(f"{path}: no categories; there must be at least one")
    return dict(sorted(found.items()))


def _get(entry: Mapping[str, Any], key: str, wanted: type, where: str) -> Any:
    if key not in entry:
        raise DataError(f"{where}: {key!r} is missing")
    value = entry[key]
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise DataError(f"{where}: {key!r} must be {_TYPES[wanted]}, not {type(value).__name__}")
    return value


_TYPES = {int: "a whole number", str: "a text", list: "a list"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _signed_area(ring: NDArray[np.float64]) -> float:
    x, y = (ring - ring[0]).T
    return float(0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


def _suggest_vertices(train: Split) -> int:
    counts: Iterable[int] = sorted(len(item.points) for image in train.images for item in image.objects)
    ordered = list(counts)
    held = ordered[math.ceil(HELD * len(ordered)) - 1]
    return min(max(held, VERTICES[0]), VERTICES[-1])
