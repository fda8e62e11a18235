"""Images of a COCO folder that neither split lists: those of a test split, and those that nothing lists."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from datasets.errors import DataError
from datasets.fields import by_id, field
from datasets.files import SUFFIXES, json_of, shown, walk
from datasets.notes import noted


def note_unlisted(
    source: Path, used: Iterable[Path], notes: Counter[str], *, test: Sequence[Path] = (), places: Sequence[Path] = ()
) -> None:
    """Note the images that are in neither split. What of them cannot be read is left out: nobody asks for it.

    Args:
        source: looked at are its `images/`, with all below, and the folders that the images of the splits lie in.
        used: images of both splits.
        notes: gets one for each kind.
        test: annotation files of a test split.
        places: folders that the names in them are below.
    """
    listed = set(used)
    real = {path.resolve() for path in listed}
    tests = [{Path(os.path.normpath(place / name)) for place in places} for file in test for name in _names(file)]
    if left := sum(meant.isdisjoint(listed) for meant in tests):
        notes["images of test are left out"] += left
    known = listed.union(*tests)
    idle = [path for path in _lying(source, listed) if path not in known and path.resolve() not in real]
    noted(notes, "images are listed by no annotation file, and are left out", idle)


def _names(file: Path) -> list[str]:
    where = shown(file)
    with suppress(DataError):
        entries = by_id(json_of(file), "images", where).values()
        return [field(entry, "file_name", str, where).replace("\\", "/") for entry in entries]
    return []


def _lying(source: Path, used: Iterable[Path]) -> set[Path]:
    found: set[Path] = set()
    with suppress(OSError):
        found.update(walk(source / "images", SUFFIXES) if (source / "images").is_dir() else ())
        for folder in {path.parent for path in used}:
            found.update(walk(folder, SUFFIXES, depth=0))
    return found
