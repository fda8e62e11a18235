"""One COCO annotation: its polygons, its box and area, and crowds. What is not refused here, pycocotools can score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask

from datasets.errors import DataError
from datasets.fields import is_number, is_within
from datasets.rings import Ring, area

Size = tuple[int, int]

REACH = 10
"""Longer sides of the image that a coordinate may be from its origin: pycocotools' memory grows with the distance."""
_LARGEST_AREA = 1e10
"""Square pixels; pycocotools leaves objects of more out of AP."""
_LONGEST_RUN = 2**32 - 1
"""Pixels; pycocotools counts in 32 bits."""


def polygons(annotation: dict[str, Any], size: Size, where: str) -> list[Ring]:
    """Return the parts (K, 2) of an object that is no crowd, at least one of which encloses an area.

    Args:
        annotation: as in the file.
        size: of its image, (width, height).
        where: opens every message.

    Raises:
        DataError: no polygons, or not of an area, or far off the image.
    """
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, dict):
        raise DataError(f"{where}: its segmentation is run-length encoded; convert it to polygons")
    if not isinstance(segmentation, list) or not segmentation:
        raise DataError(f"{where}: it has no polygon in segmentation; add one, or remove the annotation")
    parts = [_ring(part, size, where) for part in segmentation]
    if not any(area(part) > 0 for part in parts):
        raise DataError(f"{where}: its polygon has no area, or crosses itself into equal halves; correct or remove it")
    largest = max(parts, key=area)
    if (largest.max(0) <= 0).any() or (largest.min(0) >= size).any():
        raise DataError(f"{where}: its polygon is wholly off its image of {size[0]} x {size[1]}; correct or remove it")
    return parts


def completed(annotation: dict[str, Any], parts: Sequence[Ring], size: Size, where: str) -> dict[str, Any]:
    """Return the annotation with `bbox`, `area` and `iscrowd`, from its polygons where they are missing or null.

    The box is then that of what is on the image, since that is what a detector is trained to predict.

    Raises:
        DataError: a box or an area that pycocotools cannot take, or would leave the object out for.
    """
    box = extent(np.concatenate(parts).clip(0, size))
    return {"iscrowd": 0, **_measured(annotation, box, sum(map(area, parts)), where)}


def crowd(annotation: dict[str, Any], size: Size, where: str) -> dict[str, Any]:
    """Return a crowd, checked and completed as `completed` does; its region is polygons or a run-length encoding.

    Raises:
        DataError: a region that pycocotools cannot take, or that is of another size than the image.
    """
    segmentation = annotation.get("segmentation")
    if not isinstance(segmentation, dict):
        return completed(annotation, polygons(annotation, size, where), size, where)
    counts = segmentation.get("counts")
    if isinstance(counts, str):
        counts = _decompressed(counts)
    width, height = size
    whole = isinstance(counts, list) and all(type(count) is int and count >= 0 for count in counts)
    fits = whole and segmentation.get("size") == [height, width] and sum(counts) == width * height <= _LONGEST_RUN
    if not fits:
        raise DataError(f"{where}: its run-length encoding does not fit its image of {width} x {height}; correct it")
    if not any(counts[1::2]):
        raise DataError(f"{where}: its run-length encoding covers nothing; correct or remove the annotation")
    encoded = mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    return _measured(annotation, mask.toBbox(encoded).tolist(), float(mask.area(encoded)), where)


def extent(points: NDArray[Any]) -> list[float]:
    """Return the bounding box of points (K, 2) as COCO has it: x, y, width, height."""
    return [*map(float, points.min(0)), *map(float, np.ptp(points, axis=0))]


def same_box(a: Sequence[float], b: Sequence[float]) -> bool:
    """Return whether two boxes (x, y, width, height) overlap with an IoU of at least a half."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return 3 * common >= a[2] * a[3] + b[2] * b[3]


def _ring(part: Any, size: Size, where: str) -> Ring:
    if not isinstance(part, list) or not all(map(is_number, part)):
        raise DataError(f"{where}: segmentation must be a list of [x, y, x, y, ...] of numbers")
    reach = REACH * max(size)
    if not all(is_within(value, -reach, reach) for value in part):
        raise DataError(f"{where}: a coordinate is not finite, or far beyond its image; correct or remove it")
    if len(part) % 2:
        raise DataError(f"{where}: an odd number of coordinates; they come in pairs x, y")
    ring = np.array(part, dtype=np.float64).reshape(-1, 2)
    if len(ring) > 3 and (ring[0] == ring[-1]).all():  # some tools close the ring by its first vertex again
        ring = ring[:-1]
    if len(ring) < 3:
        raise DataError(f"{where}: a polygon of {len(ring)} vertices; it needs at least 3")
    return ring


def _measured(annotation: dict[str, Any], box: list[float], surface: float, where: str) -> dict[str, Any]:
    given = {key: value for key, value in annotation.items() if not (key in ("bbox", "area") and value is None)}
    found = {"bbox": box, "area": surface, **given}
    if not is_within(found["area"], 0, _LARGEST_AREA):
        raise DataError(f"{where}: area must be a number of square pixels, 0 to 1e10; correct it, or leave it out")
    box = found["bbox"]
    far = _LARGEST_AREA**0.5
    if (
        not isinstance(box, list)
        or len(box) != 4
        or not all(is_within(value, -far, far) for value in box)
        or min(box[2:]) <= 0
    ):
        raise DataError(f"{where}: bbox must be [x, y, width, height] with sides over 0; correct it, or leave it out")
    return found


def _decompressed(text: str) -> list[int]:
    """Return the counts of pycocotools' compressed form: 5 bits a character, each count less the one two before it.

    pycocotools takes any text for such counts, and ends the process where they lead beyond the image or the text.
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64 or shift > 30:
            return [-1]
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts if shift == 0 else [-1]
