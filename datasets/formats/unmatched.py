"""Labels without an image and images without labels: what no annotation file lists, and nobody would miss otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from datasets.errors import DataError
from datasets.files import SUFFIXES, lines


def lone_labels(folders: Iterable[tuple[Path, Path]], used: Iterable[Path]) -> list[Path]:
    """Return the label files of which there is no image.

    Args:
        folders: with label files, in them and below; and of each, where its images lie in the same way.
        used: label files that were read.

    Returns:
        Their paths. Hidden files are none, nor are texts of other kinds, such as lists and names of classes.
    """
    known = set(used)
    found: set[Path] = set()
    for labels, images in folders:
        for path in labels.rglob("*.txt"):
            if path in known or path.name.startswith(".") or not path.is_file() or path.resolve() in known:
                continue
            if path.stem not in _stems(images / path.parent.relative_to(labels)) and _is_rows(path):
                found.add(path)
    _stems.cache_clear()
    return sorted(found)


@cache
def _stems(folder: Path) -> frozenset[str]:
    try:
        names = map(os.path.splitext, os.listdir(folder))
    except OSError:
        return frozenset()
    return frozenset(stem for stem, suffix in names if suffix.lower() in SUFFIXES)


def _is_rows(path: Path) -> bool:
    """Return whether a text could be a label file: it is empty, or begins with a number."""
    try:
        for _, line in lines(path)[:1]:
            float(line.split()[0])
    except (DataError, ValueError):
        return False
    return True
