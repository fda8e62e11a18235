"""labelme: a JSON file an image, with shapes in pixels."""

from __future__ import annotations

import base64
import io
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from PIL import Image

from datasets.annotations import polygons
from datasets.errors import DataError, wrong
from datasets.fields import is_number
from datasets.files import content, files_in, images_in, json_of, lines, shown, walk
from datasets.formats.conversion import Conversion, to_coco
from datasets.formats.labelled import Labelled, Picture, Shape
from datasets.formats.splits import divided, split_of
from datasets.notes import noted
from datasets.pictures import short, size_of
from datasets.rings import Ring

LABELS = "labels.txt"
"""labelme's own list of labels (`--labels`): their order, and those without objects, where it is there."""
_DEPTH = 3
"""Folders below the source that it is told by: not by a whole disk's, by a slip of the pen."""
_JSON = (".json",)
_NO_LABELS = ("__ignore__", "_background_")


class _Read(NamedTuple):
    """What a label file comes to: its image, and each object's label and parts."""

    name: str
    origin: Path | bytes
    size: tuple[int, int]
    objects: list[tuple[str, list[Ring]]]


def find(source: Path) -> Path | None:
    """Return the source where it is a folder with labelme's JSON files in it; None otherwise. The first will do."""
    return source if source.is_dir() and any(map(_may_be_labels, walk(source, _JSON, _DEPTH))) else None


def _may_be_labels(path: Path) -> bool:
    """Return whether a JSON file is of labelme, or cannot be read: what is wrong with it is then said."""
    try:
        return _is_labels(json_of(path))
    except DataError:
        return True


def _is_labels(raw: Any) -> bool:
    return isinstance(raw, dict) and "shapes" in raw


def convert(folder: Path) -> Conversion:
    """Read a data set: polygons and rectangles; of one label and `group_id` they are the parts of one object.

    Raises:
        DataError: it cannot be read whole.
    """
    where, notes = shown(folder), Counter[str]()
    files = {path: json_of(path) for path in files_in(folder, _JSON)}
    labelled = {path: raw for path, raw in files.items() if _is_labels(raw)}
    if others := len(files) - len(labelled):
        notes["JSON files have no 'shapes', and are left out"] = others
    divisions = divided(
        [(path.relative_to(folder), path) for path in labelled], where, notes, lambda path: _has_objects(labelled[path])
    )
    read: dict[Path, _Read] = {}
    errors: list[DataError] = []
    for path in (path for paths in divisions.values() for path in paths):
        try:
            read[path] = _read(path, labelled[path], folder, notes)
        except DataError as error:
            errors.append(error)
    wrong(errors)
    _each_image_once(read)
    _note_unlabelled(folder, read, notes)
    categories = _categories(folder, {label for one in read.values() for label, _ in one.objects})
    if not categories:
        raise DataError(f"{where}: no polygon and no rectangle in any label file; there is nothing to learn")
    splits = {split: [_picture(read[path], categories) for path in sorted(paths)] for split, paths in divisions.items()}
    called = {split: f"{where}: {split}" for split in splits}
    return to_coco(Labelled(folder.resolve().name, categories, splits, called, notes))


def _read(path: Path, raw: dict[str, Any], folder: Path, notes: Counter[str]) -> _Read:
    where = shown(path)
    name, origin = _image(path, raw, folder)
    if isinstance(origin, bytes):
        with tempfile.TemporaryDirectory() as scratch:  # OpenCV says of files alone whether it reads them
            file = Path(scratch) / f"image{Path(name).suffix}"
            file.write_bytes(origin)
            size = size_of(origin, file, where)
    else:
        size = size_of(content(origin, where), origin, where)
    for side, stated in zip(size, (raw.get("imageWidth"), raw.get("imageHeight")), strict=True):
        if stated is not None and stated != side:
            raise DataError(
                f"{where}: {name!r} is {size[0]} x {size[1]} as decoded, EXIF rotation included, not as stated; "
                "correct imageWidth and imageHeight"
            )
    return _Read(name, origin, size, _objects(raw["shapes"], size, where, notes))


def _image(path: Path, raw: dict[str, Any], folder: Path) -> tuple[str, Path | bytes]:
    """Return the name of a label file's image, and the file; where there is none, the bytes inside the label file."""
    where = shown(path)
    given = raw.get("imagePath")
    if not isinstance(given, str) or not given:
        raise DataError(f"{where}: 'imagePath' is missing; add the name of the image")
    image = path.parent / given.replace("\\", "/")
    name, refusal = PurePosixPath(given.replace("\\", "/")).name, _refusal(image, given, folder)
    if refusal is None and os.path.isfile(image):
        return name, image
    if raw.get("imageData") is None:
        missing = "is missing, and the file holds no imageData; add it, or remove the file"
        raise DataError(f"{where}: {refusal or f'{short(given)} {missing}'}")
    try:
        embedded = base64.b64decode(raw["imageData"])
        with Image.open(io.BytesIO(embedded)) as picture:
            kind = (picture.format or "").lower()
    except Exception as error:  # whatever broken bytes make Pillow run into
        raise DataError(f"{where}: imageData cannot be read as an image ({type(error).__name__}); replace it") from None
    return f"{path.stem}.{kind}", embedded


def _refusal(image: Path, given: str, folder: Path) -> str | None:
    """Return why the image that a label file names as `given` is not taken; None where it may be, if it is there."""
    told = f"imagePath {short(given)}"
    if PurePosixPath(given).is_absolute() or PureWindowsPath(given).is_absolute() or PureWindowsPath(given).drive:
        return f"{told} is absolute; put the image beside the file, and name it alone"
    try:
        resolved = image.resolve()
    except (OSError, ValueError, RuntimeError):  # a name that no file system takes, or links that go round
        return f"{told} names no file; correct it"
    if resolved.is_relative_to(folder.resolve()):
        return None
    if Path(os.path.normpath(image)).is_relative_to(os.path.normpath(folder)):
        return f"{told} is a link out of {shown(folder)}; copy the image in"
    return f"{told} leads out of {shown(folder)}; move the image in"


def _has_objects(raw: dict[str, Any]) -> bool:
    """Return whether a label file has a shape that is taken; what is wrong with it is said when it is read."""
    shapes = raw["shapes"]
    return isinstance(shapes, list) and any(
        isinstance(shape, dict) and shape.get("shape_type", "polygon") in _TAKEN for shape in shapes
    )


def _objects(shapes: Any, size: tuple[int, int], where: str, notes: Counter[str]) -> list[tuple[str, list[Ring]]]:
    if not isinstance(shapes, list):
        raise DataError(f"{where}: 'shapes' must be a list")
    found: dict[Any, tuple[str, list[Ring]]] = {}
    left_out = False
    for index, shape in enumerate(shapes):
        place = f"{where}: shapes[{index}]"
        if not isinstance(shape, dict):
            raise DataError(f"{place}: expected an object, found {type(shape).__name__}")
        label, group = shape.get("label"), shape.get("group_id")
        if not isinstance(label, str) or not label:
            raise DataError(f"{place}: 'label' must be a text; name the object")
        if group is not None and not isinstance(group, int | str):
            raise DataError(f"{place}: 'group_id' must be a number; correct it, or leave it out")
        kind = shape.get("shape_type", "polygon")
        if kind not in _TAKEN:
            notes[f"shapes are of the kind {short(str(kind))}, and left out"] += 1
            left_out = True
            continue
        ring = _corners(shape.get("points"), kind, place)
        _, parts = found.setdefault(index if group is None else (label, group, "grouped"), (label, []))
        parts += polygons({"segmentation": [ring]}, size, place)
    if left_out and not found:
        notes["images have no shape but such as are left out, and are background"] += 1
    if joined := sum(len(parts) > 1 for _, parts in found.values()):
        notes["objects are several shapes of one group_id, taken as the parts of one"] += joined
    return list(found.values())


_TAKEN = ("polygon", "rectangle", "oriented_rectangle", "rotation")
"""The last two are labelme's and X-AnyLabeling's own, with the four corners of a box that is turned."""


def _corners(points: Any, kind: str, where: str) -> list[float]:
    """Return a shape's ring as COCO has it."""
    whole = isinstance(points, list) and all(
        isinstance(point, list) and len(point) == 2 and all(map(is_number, point)) for point in points
    )
    if not whole:
        raise DataError(f"{where}: 'points' must be a list of [x, y]")
    if kind == "rectangle" and len(points) == 2:
        (left, top), (right, bottom) = points
        points = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return [value for point in points for value in point]


def _each_image_once(read: dict[Path, _Read]) -> None:
    seen: dict[Path, Path] = {}
    for path, one in read.items():
        if isinstance(one.origin, Path) and (first := seen.setdefault(one.origin.resolve(), path)) is not path:
            raise DataError(f"{shown(path)}: {one.name!r} is also the image of {shown(first)}; keep one of the two")


def _note_unlabelled(folder: Path, read: dict[Path, _Read], notes: Counter[str]) -> None:
    used = {one.origin.resolve() for one in read.values() if isinstance(one.origin, Path)}
    idle = [
        path
        for path in images_in(folder)
        if path.resolve() not in used and split_of(path.relative_to(folder)) != "test"
    ]
    noted(notes, "images have no label file, and are left out; save one without shapes for background", idle)


def _categories(folder: Path, labels: set[str]) -> list[str]:
    listed = []
    if os.path.isfile(folder / LABELS):
        listed = [line.strip() for _, line in lines(folder / LABELS) if line.strip() not in _NO_LABELS]
    return [*dict.fromkeys(listed), *sorted(labels - {*listed})]


def _picture(one: _Read, categories: Sequence[str]) -> Picture:
    index = {name: number for number, name in enumerate(categories)}
    return Picture(one.name, one.origin, one.size, [Shape(index[label], parts) for label, parts in one.objects])
