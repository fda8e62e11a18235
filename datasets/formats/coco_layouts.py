"""COCO files as others lay them out: `annotations/instances_train2017.json`, or `train/_annotations.coco.json`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from datasets.errors import DataError
from datasets.fields import by_id, field
from datasets.files import json_of, shown
from datasets.formats.conversion import Conversion, file_names
from datasets.pictures import locate

_FOLDERS = {"train": ("train",), "val": ("valid", "val", "validation")}
_FILE = re.compile(r"(instances_)?(train|val)(id)?(ation)?[-_]?\d*\.json")


def find(source: Path) -> Path | None:
    """Return the source where it holds an annotation file in one of these places; None otherwise."""
    return source if source.is_dir() and any(_candidates(source, split) for split in _FOLDERS) else None


def convert(source: Path) -> Conversion:
    """Put a data set into the one layout that the reader knows. The reader checks what the files say.

    Raises:
        DataError: a split or an image is missing.
    """
    annotations: dict[str, dict[str, Any]] = {}
    images: dict[str, Path | bytes] = {}
    called: dict[str, str] = {}
    for split in _FOLDERS:
        path = _file(source, split)
        raw = json_of(path)
        called[split] = shown(path)
        if not isinstance(raw, dict):
            raise DataError(f"{called[split]}: expected a JSON object with images, annotations, categories")
        annotations[split], origins = _moved(raw, split, path, source)
        images.update(origins)
    return Conversion(source.resolve().name, annotations, images, called, ())


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
    beside = [source / folder / "_annotations.coco.json" for folder in _FOLDERS[split]]
    beside = [path for path in beside if path.is_file()]
    listed = sorted((source / "annotations").glob("*.json"))
    matches = [path for path in listed if (found := _FILE.fullmatch(path.name)) and found[2] == split]
    return beside or matches


def _moved(raw: dict[str, Any], split: str, path: Path, source: Path) -> tuple[dict[str, Any], dict[str, Path | bytes]]:
    """Return a split's content with new file names, and where each image is now."""
    entries = list(by_id(raw, "images", shown(path)).values())
    folders = _image_folders(source, path, split)
    origins = []
    for entry in entries:
        where = f"{shown(path)}: image {entry['id']}"
        name = field(entry, "file_name", str, where)
        folder = next((one for one in folders if os.path.isfile(one / name)), folders[0])
        origins.append(locate(folder, name, where))
    names = file_names(split, [PurePosixPath(entry["file_name"]).name for entry in entries])
    moved = [{**entry, "file_name": name} for entry, name in zip(entries, names, strict=True)]
    return {**raw, "images": moved}, dict(zip(names, origins, strict=True))


def _image_folders(source: Path, path: Path, split: str) -> Sequence[Path]:
    """Return where a split's images may lie, the likeliest first; there is always one."""
    if path.parent.name != "annotations":
        return [path.parent]
    stem = path.stem.removeprefix("instances_")
    tried: Iterable[Path] = (
        *(base / name for name in (stem, split, *_FOLDERS[split]) for base in (source, source / "images")),
        source / "images",
        source,
    )
    return [one for one in tried if one.is_dir()]
