"""Reading what other tools wrote: text, JSON and YAML of any bytes, images by folder, and the splits."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

from datasets.errors import DataError
from datasets.pictures import size_of

SUFFIXES = frozenset(
    {".avif", ".bmp", ".dng", ".heic", ".heif", ".jp2", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
)
"""Ultralytics' image formats (`ultralytics.data.utils.IMG_FORMATS`); whether one can be read is seen when it is."""
VAL_SHARE = 0.2
"""Of the images of a set without splits that are measured on."""
_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}

Item = TypeVar("Item", bound=Hashable)


def content(path: Path, where: str) -> bytes:
    """Return a file's bytes.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{where} cannot be read: {error.strerror}; mend it") from None


def lines(path: Path) -> list[tuple[int, str]]:
    """Return a text file's lines that hold something, with their numbers.

    Raises:
        DataError: it cannot be read, or is no text in UTF-8.
    """
    where = shown(path)
    try:
        text = content(path, where).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{where} is no text in UTF-8; write it again, or remove it") from None
    return [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def json_of(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        DataError: it cannot be read.
    """
    where = shown(path)
    try:
        return json.loads(content(path, where))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is no JSON ({' '.join(str(error).split())}); is it cut off?") from None


def yaml_of(path: Path) -> dict[str, Any]:
    """Return what a YAML file holds; nothing in it is run.

    Raises:
        DataError: it cannot be read, or is no mapping.
    """
    where = shown(path)
    try:
        found = yaml.safe_load(content(path, where))
    except DataError:
        raise
    except Exception as error:  # whatever a broken file makes PyYAML run into
        raise DataError(f"{where} is no YAML ({type(error).__name__}); correct it") from None
    if not isinstance(found, dict):
        raise DataError(f"{where}: expected keys and values, such as train, val and names")
    return found


def shown(path: Path) -> str:
    """Return a path fit for a message of one line."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def images_in(folder: Path) -> list[Path]:
    """Return the image files in a folder and below it, as `files_in` does."""
    return files_in(folder, SUFFIXES)


def files_in(folder: Path, suffixes: Collection[str], depth: int | None = None) -> list[Path]:
    """Return the files with one of some suffixes in a folder and below it, in order.

    Hidden ones are left out, links are followed.

    Args:
        folder: where.
        suffixes: in small letters, with the dot.
        depth: how many folders down; None: all.

    Raises:
        OSError: a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    found = []
    seen = {os.path.realpath(folder)}
    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        deep = depth is not None and len(Path(parent).relative_to(folder).parts) >= depth
        open_ = () if deep else (name for name in folders if not name.startswith("."))
        below = {name: os.path.realpath(os.path.join(parent, name)) for name in open_}
        folders[:] = [name for name, real in below.items() if real not in seen]  # a link may lead round in a circle
        seen.update(below.values())
        found += [
            Path(parent, name)
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in suffixes
        ]
    return sorted(found)


def picture_size(path: Path) -> tuple[int, int]:
    """Return an image's (width, height) as decoded.

    Raises:
        DataError: it cannot be read.
    """
    return size_of(content(path, shown(path)), path, shown(path.parent))


def split_of(relative: Path) -> str | None:
    """Return the split that a folder on a file's path below the source names, `test` included; None where none does."""
    return next((_SPLITS[part.lower()] for part in relative.parts[:-1] if part.lower() in _SPLITS), None)


def divided(
    items: Sequence[tuple[Path, Item]], where: str, notes: Counter[str], has_objects: Callable[[Item], bool]
) -> dict[str, list[Item]]:
    """Return items by split: as folders on their paths say, else by a hash of each one's path.

    A hash does not depend on the other items: an image that is added moves no other to the other split. Where it would
    leave a split without an object, the item with objects that is next by its hash is moved there.

    Args:
        items: each with its path below the source.
        where: opens every message.
        has_objects: whether there is something to learn from an item; the others are background.
        notes: gets one on what was left out or how the split was made.

    Raises:
        DataError: one split is or would be empty, or folders name the split of some items alone.
    """
    found: dict[str | None, list[Item]] = {}
    for relative, item in items:
        found.setdefault(split_of(relative), []).append(item)
    loose, test = found.pop(None, []), found.pop("test", [])
    if test:
        notes["images of test/ are left out"] += len(test)
    if loose and found:
        raise DataError(
            f"{where}: {len(loose)} label files lie outside of train/ and val/; move them in, or all of them out"
        )
    if not loose:
        for split in ("train", "val"):
            if not found.get(split):
                raise DataError(f"{where}: {split}/ holds no label file; add one, or have neither train/ nor val/")
        return {"train": found["train"], "val": found["val"]}
    ranked = sorted((_share(relative), item) for relative, item in items if split_of(relative) is None)
    full = [one for one in ranked if has_objects(one[1])]
    if len(full) < 2:
        told = "one labelled image" if len(loose) < 2 else f"{len(full)} of {len(loose)} labelled images with objects"
        raise DataError(f"{where}: {told}; there must be two, one to train on and one to measure on")
    count = min(max(sum(share < VAL_SHARE for share, _ in full), 1), len(full) - 1)
    filled = {item for _, item in full}
    chosen = {item for _, item in full[:count]}
    chosen |= {item for share, item in ranked if share < VAL_SHARE and item not in filled}
    notes["images were set aside for val by a hash of their names; near copies of them may still be in train"] = len(
        chosen
    )
    return {
        "train": [item for item in loose if item not in chosen],
        "val": [item for item in loose if item in chosen],
    }


def _share(relative: Path) -> float:
    name = relative.with_suffix("").as_posix().encode(errors="surrogateescape")
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") / 2**64
