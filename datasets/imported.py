"""Data sets of the user's own that have a name: COCO folders in the cache, with the notes of how they were made."""

from __future__ import annotations

import json
import os
from pathlib import Path

from datasets.cache import made
from datasets.coco import read
from datasets.errors import DataError
from datasets.formats.conversion import Conversion
from datasets.model import DataSet

_ORIGIN = "imported.json"
_LONGEST = 100


def checked(name: str) -> str:
    """Return a name that can be a folder's.

    Raises:
        DataError: it is none.
    """
    plain = name == Path(name).name and not name.startswith(".") and name.isprintable() and "\\" not in name
    if not name or not plain or len(name.encode()) > _LONGEST:
        raise DataError(f"--as {name[:_LONGEST]!r}: give a plain folder name of at most {_LONGEST} letters")
    return name


def names(cache: Path) -> list[str]:
    """Return the names there are.

    Raises:
        DataError: the cache cannot be read.
    """
    try:
        listed = os.listdir(cache / "imported")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{cache / 'imported'} cannot be read: {error.strerror}; set BENCH_CACHE") from None
    return sorted(name for name in listed if name[0] != "." and find(name, cache))


def find(name: str, cache: Path) -> Path | None:
    """Return the folder of a data set; None where none has this name."""
    folder = cache / "imported" / name
    return folder if name == folder.name and os.path.isfile(folder / _ORIGIN) else None


def load(folder: Path) -> DataSet:
    """Read an imported data set.

    Raises:
        DataError: it was damaged.
    """
    name = folder.name
    _, notes = _origin(folder)
    try:
        data = read(folder, name=name)
    except DataError as error:
        raise DataError(f"{error}; this folder was imported: import it again, with --replace") from None
    return data.with_notes(notes)


def store(conversion: Conversion, name: str, cache: Path, *, replace: bool) -> DataSet:
    """Write a data set under a name.

    Args:
        conversion: of the data set.
        name: as `checked` returns it.
        cache: where it goes.
        replace: take away another of this name.

    Raises:
        DataError: there is another of this name; it cannot be used, or cannot be written. Nothing of it is left.
    """
    folder = cache / "imported" / name
    key = conversion.key()
    known = find(name, cache)
    if known and not replace:
        if _origin(known)[0] != key:
            raise DataError(f"--as {name}: there is another data set of this name; choose one, or add --replace")
        return load(known)

    def make(new: Path) -> None:
        conversion.write(new)
        (new / _ORIGIN).write_text(json.dumps({"key": key, "notes": conversion.notes}, indent=1))
        read(new, name=name, called=conversion.called)

    return load(made(folder, make, what=f"data set {name!r}", replace=replace))


def _origin(folder: Path) -> tuple[str, tuple[str, ...]]:
    """Return the key of the conversion that a folder was made by, and its notes."""
    path = folder / _ORIGIN
    try:
        found = json.loads(path.read_bytes())
        return str(found["key"]), tuple(map(str, found["notes"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise DataError(f"{path} cannot be read; import the data set again, with --replace") from None
