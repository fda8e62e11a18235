"""A data set in memory: what every source and every reader comes down to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Object:
    """One annotated polygon.

    Attributes:
        category: index into `DataSet.categories`.
        points: (K, 2) float64 pixels, K ≥ 3, as annotated; the largest part of an object in several.
    """

    category: int
    points: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Image:
    """One image on disk, with the objects to train on."""

    id: int
    path: Path
    width: int
    height: int
    objects: tuple[Object, ...]


@dataclass(frozen=True, eq=False)
class Split:
    """`train` or `val`.

    Attributes:
        name: of the split.
        images: by ascending id.
        coco: the annotation file as pycocotools wants it: `bbox`, `area` and `iscrowd` filled in where missing, and
            another id for annotation 0, which pycocotools would never match.
    """

    name: str
    images: tuple[Image, ...]
    coco: dict[str, Any]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Two splits and what they share.

    Attributes:
        name: of the registered source, or of the folder.
        root: the COCO folder.
        categories: names; the index is the class index used in training, by ascending COCO id.
        category_ids: the COCO id of each.
        train: to train on.
        val: to measure on.
        fingerprint: hex digest of both annotation files and every image's bytes.
        vertices: V as the source declares it, else the smallest in 3..16 that holds 80 % of the training polygons.
        notes: one line each: what was left out, split or found odd, and how many.
    """

    name: str
    root: Path
    categories: tuple[str, ...]
    category_ids: tuple[int, ...]
    train: Split
    val: Split
    fingerprint: str
    vertices: int
    notes: tuple[str, ...]

    def with_notes(self, notes: tuple[str, ...]) -> DataSet:
        """Return the data set with notes before its own; what is in both is there once."""
        return replace(self, notes=tuple(dict.fromkeys((*notes, *self.notes))))
