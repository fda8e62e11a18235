"""COCO files as others lay them out: `annotations/instances_train2017.json`, or `train/_annotations.coco.json`."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from datasets.errors import DataError
from datasets.fields import by_id, field
from datasets.files import json_of, shown
from datasets.formats.conversion import Conversion, file_names
from datasets.notes import as_lines
from datasets.pictures import locate
from datasets.unlisted import note_unlisted

ANNOTATIONS = "annotations"
_SPLITS = ("train", "val")
_FOLDERS = {"train": ("train",), "val": ("valid", "val", "validation"), "test": ("test",)}
_FILE = re.compile(r"(instances_|image_info_)?(train|val|test)(id)?(ation)?[-_]?(dev)?\d*\.json", re.IGNORECASE)
"""The second group is the split; capitals are those of the tool that wrote it."""


def find(source: Path) -> Path | None:
    """Return the source where it holds an annotation file in one of these places; None otherwise."""
    return source if source.is_dir() and any(_candidates(source, split) for split in _SPLITS) else None


def convert(source: Path) -> Conversion:
    """Put a data set into the one layout that the reader knows. The reader checks what the files say.

    Raises:
        DataError: a split or an image is missing.
    """
    annotations: dict[str, dict[str, Any]] = {}
    images: dict[str, Path] = {}
    called: dict[str, str] = {}
    for split in _SPLITS:
        path = _file(source, split)
        called[split] = shown(path)
        raw = content_of(path)
        entries = by_id(raw, "images", called[split])
        annotations[split], origins = moved(raw, split, entries, located(entries, split, path, source))
        images.update(origins)
    notes, test = Counter[str](), _candidates(source, "test")
    places = list(dict.fromkeys(folder for path in test for folder in _image_folders(source, path, "test")))
    note_unlisted(source, images.values(), notes, test=test, places=places)
    return Conversion(source.resolve().name, annotations, images, called, as_lines(notes))


def content_of(path: Path) -> dict[str, Any]:
    """Return what a COCO file holds.

    Raises:
        DataError: it cannot be read, or is no object.
    """
    raw = json_of(path)
    if not isinstance(raw, dict):
        raise DataError(f"{shown(path)}: expected a JSON object with images, annotations, categories")
    return raw


def located(entries: Mapping[int, dict[str, Any]], split: str, path: Path, source: Path) -> dict[int, Path]:
    """Return where each image of an annotation file is.

    Args:
        entries: of the file, by id.
        split: whose they are.
        path: of the file.
        source: the folder of the data set.

    Raises:
        DataError: an image is missing.
    """
    folders = _image_folders(source, path, split)
    found = {}
    for image_id, entry in entries.items():
        where = f"{shown(path)}: image {image_id}"
        name = field(entry, "file_name", str, where)
        folder = next((one for one in folders if os.path.isfile(one / name)), folders[0])
        found[image_id] = locate(folder, name, where)
    return found


def moved(
    raw: dict[str, Any], split: str, entries: Mapping[int, dict[str, Any]], origins: Mapping[int, Path]
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Return a split's content with new file names, and by these where each image is now.

    Args:
        raw: all other content of the split.
        split: its name.
        entries: its images.
        origins: where they are, from `located`.
    """
    names = file_names(split, [PurePosixPath(entry["file_name"]).name for entry in entries.values()])
    renamed = [{**entry, "file_name": name} for entry, name in zip(entries.values(), names, strict=True)]
    return {**raw, "images": renamed}, dict(zip(names, (origins[image_id] for image_id in entries), strict=True))


def _file(source: Path, split: str) -> Path:
    found = _candidates(source, split)
    if len(found) != 1:
        told = f"{len(found)} files for {split}, {found[0].name} and others" if found else f"no file for {split}"
        raise DataError(
            f"{shown(source)}: {told}; there must be one, such as annotations/instances_{split}2017.json or "
            f"{_FOLDERS[split][0]}/_annotations.coco.json"
        )
    return found[0]


def _candidates(source: Path, split: str) -> list[Path]:
    beside = [folder / "_annotations.coco.json" for folder in _called([source], _FOLDERS[split])]
    beside = [path for path in beside if path.is_file()]
    listed = sorted((source / ANNOTATIONS).glob("*.json"))
    matches = [path for path in listed if (found := _FILE.fullmatch(path.name)) and found[2].lower() == split]
    return beside or matches


def _image_folders(source: Path, path: Path, split: str) -> Sequence[Path]:
    """Return where a split's images may lie, the likeliest first; there is always one."""
    if path.parent.name != ANNOTATIONS:
        return [path.parent]
    stem = re.sub("^instances_", "", path.stem, flags=re.IGNORECASE)
    bases = [source, source / "images"]
    named = _called(bases, (stem, split, *_FOLDERS.get(split, ())))
    return [*named, *(one for one in reversed(bases) if one.is_dir())]


def _called(bases: Iterable[Path], names: Iterable[str]) -> list[Path]:
    """Return the folders in some others that are called so, in the order of the names, whatever the capitals."""
    below = [folder for base in bases if base.is_dir() for folder in sorted(base.iterdir())]
    return [
        folder
        for name in dict.fromkeys(names)
        for folder in below
        if folder.name.casefold() == name.casefold() and folder.is_dir()
    ]
