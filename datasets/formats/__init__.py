"""Other people's formats: each is told by what lies in a folder, and becomes a COCO folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from datasets.errors import DataError
from datasets.files import shown
from datasets.formats import coco_alone, coco_layouts, dota, labelme, yolo
from datasets.formats.conversion import Conversion


class Format(NamedTuple):
    """A format that is read.

    Attributes:
        name: as messages have it.
        find: returns the file or folder that tells the format of a source, None where it is another.
        convert: makes a conversion of what `find` returned.
    """

    name: str
    find: Callable[[Path], Path | None]
    convert: Callable[[Path], Conversion]


FORMATS = (
    Format("YOLO", yolo.find, yolo.convert),
    Format("COCO", coco_layouts.find, coco_layouts.convert),
    Format("DOTA", dota.find, dota.convert),
    Format("labelme", labelme.find, labelme.convert),
    Format("COCO", coco_alone.find, coco_alone.convert),
)
"""In the order they are tried; a folder with `train.json` or `val.json` is the reader's own, and tried before."""


def convert(source: Path) -> Conversion | None:
    """Return what a file or folder holds; None where it is of no known format.

    Raises:
        DataError: it is of a known one, and cannot be used; or it cannot be looked at.
    """
    try:
        for one in FORMATS:
            if (found := one.find(source)) is not None:
                return one.convert(found)
    except OSError as error:  # a folder without permission, a disk that is gone
        place = shown(Path(os.fsdecode(error.filename or source)))
        raise DataError(f"{place} cannot be read: {error.strerror}; mend it, or its permissions") from None
    return None
