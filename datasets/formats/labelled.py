"""What the formats have in common: images with labelled polygons in pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from datasets.rings import Ring


@dataclass(frozen=True, eq=False)
class Shape:
    """One object.

    Attributes:
        category: index into `Labelled.categories`.
        parts: (K, 2) float64 pixels each; checked by `datasets.annotations.polygons`.
    """

    category: int
    parts: Sequence[Ring]


@dataclass(frozen=True, eq=False)
class Picture:
    """One image with its objects.

    Attributes:
        name: of the file, without folders.
        origin: the file, or its bytes where it lies inside another.
        size: (width, height) as decoded, EXIF rotation included.
        shapes: none for background.
    """

    name: str
    origin: Path | bytes
    size: tuple[int, int]
    shapes: Sequence[Shape]


@dataclass(frozen=True, eq=False)
class Labelled:
    """A data set as read from another format.

    Attributes:
        name: of the data set.
        categories: their names.
        splits: images of `train` and of `val`, in an order that does not depend on the file system.
        called: what messages call each split's annotations.
        notes: what was left out or understood in one of several ways, and how many times.
    """

    name: str
    categories: Sequence[str]
    splits: Mapping[str, Sequence[Picture]]
    called: Mapping[str, str]
    notes: Counter[str] = field(default_factory=Counter)
