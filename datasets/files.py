"""Reading what other tools wrote: text, JSON and YAML of any bytes, and the files of a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml

from datasets.errors import DataError
from datasets.pictures import size_of

SUFFIXES = frozenset(
    {".avif", ".bmp", ".dng", ".heic", ".heif", ".jp2", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
)
"""Ultralytics' image formats (`ultralytics.data.utils.IMG_FORMATS`); whether one can be read is seen when it is."""


def content(path: Path, where: str, *, absent: str | None = None) -> bytes:
    """Return a file's bytes.

    Args:
        path: of the file.
        where: opens every message.
        absent: what is said, after `where`, if there is no such file; by default what the system says.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        if absent is not None and isinstance(error, FileNotFoundError):
            raise DataError(f"{where} {absent}") from None
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
    return parsed(content(path, where), where)


def parsed(text: bytes, where: str) -> Any:
    """Return what a JSON file's bytes say.

    Raises:
        DataError: they are no JSON.
    """
    try:
        return json.loads(text)
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


def files_in(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """Return the files that `walk` yields, in order."""
    return sorted(walk(folder, suffixes))


def walk(folder: Path, suffixes: Collection[str], depth: int | None = None) -> Iterator[Path]:
    """Yield the files with one of some suffixes in a folder and below it, in no order.

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

    seen = {os.path.realpath(folder)}
    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        yield from (
            Path(parent, name)
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in suffixes
        )
        deep = depth is not None and len(Path(parent).relative_to(folder).parts) >= depth
        open_ = () if deep else (name for name in folders if not name.startswith("."))
        below = {name: os.path.realpath(os.path.join(parent, name)) for name in open_}
        folders[:] = [name for name, real in below.items() if real not in seen]  # a link may lead round in a circle
        seen.update(below.values())


def picture_size(path: Path) -> tuple[int, int]:
    """Return an image's (width, height) as decoded.

    Raises:
        DataError: it cannot be read.
    """
    return size_of(content(path, shown(path)), path, shown(path.parent))
