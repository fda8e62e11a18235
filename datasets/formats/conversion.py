"""A data set on its way into a COCO folder: both annotation files, and where every image comes from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from datasets.annotations import completed
from datasets.errors import DataError
from datasets.formats.labelled import Labelled, Picture
from datasets.model import DataSet
from datasets.notes import as_lines

VERSION = 1
"""Raised whenever the same source comes to other annotations, so that a folder made before is not taken for it."""
_DECIMALS = 6
"""Of a pixel: shares of an image's side are no round numbers of pixels, and digits beyond these say nothing."""


@dataclass(frozen=True, eq=False)
class Conversion:
    """What is to be written.

    Attributes:
        name: of the data set.
        annotations: COCO content of `train` and of `val`; every `file_name` is a key of `images`.
        images: where each image comes from, by `SPLIT/NAME`: a file, or its bytes.
        called: what messages call each split's annotations.
        notes: one line each: what was left out or understood in one of several ways.

    Raises:
        DataError: an image is in both splits.
    """

    name: str
    annotations: Mapping[str, dict[str, Any]]
    images: Mapping[str, Path | bytes]
    called: Mapping[str, str]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse an image that is in both splits: as two links to one file the reader could not tell."""
        train, val = (
            {
                origin.resolve()
                for name, origin in self.images.items()
                if name.startswith(f"{split}/") and isinstance(origin, Path)
            }
            for split in ("train", "val")
        )
        if both := train & val:
            raise DataError(f"{self.called['val']}: {min(both).name!r} is in both splits; leave it out of one")

    def key(self) -> str:
        """Return a hex digest that changes with the annotations, and with any image's name, size or time.

        Raises:
            DataError: an image is gone.
        """
        digest = hashlib.sha256(f"{VERSION}".encode())
        for split, content in sorted(self.annotations.items()):
            digest.update(f"{split}{_text(content)}".encode())
        for name, origin in sorted(self.images.items()):
            if isinstance(origin, bytes):
                state: Any = hashlib.sha256(origin).hexdigest()
            else:
                try:
                    found = origin.stat()
                except OSError as error:
                    raise DataError(f"{str(origin)!r} cannot be read: {error.strerror}; mend it") from None
                state = (found.st_size, found.st_mtime_ns)
            digest.update(repr((name, state)).encode())
        return digest.hexdigest()

    def write(self, folder: Path, *, link: bool = True) -> None:
        """Fill an empty folder: `train.json`, `val.json` and `images/`.

        Args:
            folder: where to.
            link: link images hard where the file system can; what changes an image in place then changes both.
        """
        (folder / "images").mkdir()
        for name, origin in self.images.items():
            place(origin, folder / "images" / name, link=link)
        for split, content in self.annotations.items():
            (folder / f"{split}.json").write_text(_text(content))


def of_data_set(data: DataSet) -> Conversion:
    """Return a data set in memory as a conversion: the same annotations, images by split."""
    annotations: dict[str, dict[str, Any]] = {}
    images: dict[str, Path | bytes] = {}
    for split in (data.train, data.val):
        names = file_names(split.name, [image.path.name for image in split.images])
        images.update(zip(names, (image.path for image in split.images), strict=True))
        by_id = dict(zip((image.id for image in split.images), names, strict=True))
        entries = [{**entry, "file_name": by_id[entry["id"]]} for entry in split.coco["images"]]
        annotations[split.name] = {**split.coco, "images": entries}
    called = {split: f"{data.name}: {split}" for split in annotations}
    return Conversion(data.name, annotations, images, called, data.notes)


def place(origin: Path | bytes, target: Path, *, link: bool) -> None:
    """Put an image where it is to lie; its folder is made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(origin, bytes):
        target.write_bytes(origin)
        return
    if link:
        try:
            os.link(origin.resolve(), target)  # resolved: else the link would be linked, and not the image
            return
        except OSError:  # another file system, or one without links
            pass
    shutil.copyfile(origin, target)


def file_names(split: str, names: Sequence[str]) -> list[str]:
    """Return `SPLIT/NAME` for every image, with a number before NAME where another has the same, or it is hidden.

    "The same" is without suffix and capitals: label files are named after their image, on file systems of all kinds.
    """
    taken: set[str] = set()
    found = []
    for index, name in enumerate(names):
        number, given = index, name
        while given.startswith(".") or PurePosixPath(given).stem.casefold() in taken:
            given = f"{number:06d}-{name}"
            number += len(names)
        taken.add(PurePosixPath(given).stem.casefold())
        found.append(f"{split}/{given}")
    return found


def to_coco(labelled: Labelled) -> Conversion:
    """Return a data set of another format as a conversion.

    Raises:
        DataError: an object's box has no side; an image is in both splits.
    """
    annotations: dict[str, dict[str, Any]] = {}
    images: dict[str, Path | bytes] = {}
    for split, pictures in labelled.splits.items():
        names = file_names(split, [picture.name for picture in pictures])
        images.update(zip(names, (picture.origin for picture in pictures), strict=True))
        annotations[split] = _split(labelled, pictures, names)
    return Conversion(labelled.name, annotations, images, labelled.called, as_lines(labelled.notes))


def _split(labelled: Labelled, pictures: Sequence[Picture], names: Sequence[str]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for picture, name in zip(pictures, names, strict=True):
        width, height = picture.size
        images.append({"id": len(images) + 1, "file_name": name, "width": width, "height": height})
        for shape in picture.shapes:
            rings = [part.round(_DECIMALS) for part in shape.parts]
            entry = {
                "id": len(annotations) + 1,
                "image_id": len(images),
                "category_id": shape.category + 1,
                "segmentation": [ring.ravel().tolist() for ring in rings],
            }
            annotations.append(completed(entry, rings, picture.size, f"{labelled.called['train']}: {picture.name}"))
    named = [{"id": index + 1, "name": name} for index, name in enumerate(labelled.categories)]
    return {"images": images, "annotations": annotations, "categories": named}


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"))
