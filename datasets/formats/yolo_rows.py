"""The rows of one YOLO label file: `class`, then shares of the image's sides."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.annotations import REACH, polygons
from datasets.errors import DataError
from datasets.files import lines, shown
from datasets.formats.labelled import Shape
from datasets.rings import Ring


class Keypoints(NamedTuple):
    """`kpt_shape`: points an object, and numbers a point: x, y and, as the third, whether it is visible."""

    count: int
    numbers: int


class Rows:
    """Reads the label files of a split.

    Args:
        split: named in notes.
        categories: how many there are.
        keypoints: where the rows are of a pose; their points are the polygon's vertices, in their order.
        notes: gets one for what is left out or understood in one of several ways.
    """

    def __init__(self, split: str, categories: int, keypoints: Keypoints | None, notes: Counter[str]) -> None:
        self.split = split
        self.categories = categories
        self.keypoints = keypoints
        self.notes = notes

    def read(self, path: Path, size: tuple[int, int], errors: list[DataError]) -> list[Shape]:
        """Return the objects of a label file; what is wrong with a row goes to `errors`.

        Raises:
            DataError: the file is no text.
        """
        shapes: list[Shape] = []
        seen: set[tuple[float, ...]] = set()
        for number, line in lines(path):
            where = f"{shown(path)} line {number}"
            try:
                row = self._numbers(line, where)
                if row in seen:  # Ultralytics takes them once too
                    self.notes[f"rows of {self.split} are there twice, and taken once"] += 1
                    continue
                seen.add(row)
                points = self._pose(row, where) if self.keypoints else self._polygon(row, where)
                if points is None:
                    continue
                ring = (points * size).ravel().tolist()
                shapes.append(Shape(int(row[0]), polygons({"segmentation": [ring]}, size, where)))
            except DataError as error:
                errors.append(error)
        return shapes

    def _numbers(self, line: str, where: str) -> tuple[float, ...]:
        try:
            row = tuple(map(float, line.split()))
        except ValueError:
            raise DataError(f"{where}: expected numbers alone: a class, then shares of the image's sides") from None
        if not all(np.isfinite(row)):
            raise DataError(f"{where}: a number is not finite; correct or remove the row")
        if row[0] % 1 or not 0 <= row[0] < self.categories:
            raise DataError(f"{where}: class {row[0]:g} is none of 0 to {self.categories - 1}; correct it or 'names'")
        return row

    def _polygon(self, row: tuple[float, ...], where: str) -> Ring:
        if len(row) == 5:
            self.notes[f"objects of {self.split} are boxes alone, and taken as polygons of their four corners"] += 1
            x, y, width, height = _shares(row[1:], where)
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
            return np.array([x, y]) + corners * (width, height)
        if len(row) < 7 or not len(row) % 2:
            raise DataError(
                f"{where}: {len(row)} numbers; expected a class and x, y of at least 3 vertices, or a box of 4 numbers"
            )
        return _shares(row[1:], where).reshape(-1, 2)

    def _pose(self, row: tuple[float, ...], where: str) -> Ring | None:
        assert self.keypoints is not None
        count, numbers = self.keypoints
        if len(row) != 5 + count * numbers:
            raise DataError(
                f"{where}: {len(row)} numbers; kpt_shape [{count}, {numbers}] wants a class, a box of 4 and "
                f"{count * numbers}"
            )
        points = np.array(row[5:]).reshape(count, numbers)
        visible = points[:, 2] > 0 if numbers == 3 else (points >= 0).all(1)
        if hidden := int(count - visible.sum()):
            self.notes[f"keypoints of {self.split} are not visible, and left out"] += hidden
        if visible.sum() < 3:
            self.notes[f"objects of {self.split} have fewer than 3 visible keypoints, and are left out"] += 1
            return None
        return _shares(points[visible, :2], where)


def _shares(values: object, where: str) -> Ring:
    found = np.array(values, dtype=np.float64)
    far = found[np.abs(found) > REACH]
    if far.size:
        raise DataError(f"{where}: {far[0]:g} is no share of the image's side; divide pixels by its width and height")
    return found
