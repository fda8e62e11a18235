"""What a run predicts on the images that are followed, drawn beside the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.evaluation.results import Result, ring_of
from bench.evaluation.samples import best_per_image, followed
from bench.geometry import Points
from datasets import DataSet, Image
from datasets.pictures import decoded

Picture = NDArray[np.uint8]

_SIDE = 192
"""Pixels of a cell's longer side, without its border."""
_BORDER = 10
"""Pixels around an image: where predictions run to that leave it."""
_COLUMNS = 4
_FAR = 1e4
"""Pixels to which vertices are pulled in: OpenCV draws in whole numbers of 16 bits."""
_GREY, _TRUTH, _PREDICTION = (96, 96, 96), (255, 255, 255), (232, 48, 138)
_HALO = {_TRUTH: (0, 0, 0), _PREDICTION: (255, 255, 255)}


class Pictures:
    """Draws predictions of one run; the images are read when the first are drawn, and kept.

    Args:
        data: gives the data set of the run.
    """

    def __init__(self, data: Callable[[], DataSet]) -> None:
        self._data = data
        self._cells: list[_Cell] | None = None

    def draw(self, results: Sequence[Result]) -> Picture:
        """Return one picture of all images that are followed, RGB (H, W, 3).

        The truth is white. The best predictions are pink: as many as an image has objects, at least one.

        Args:
            results: of `bench.evaluation.samples.sampled`.
        """
        if self._cells is None:
            self._cells = [_Cell(image) for image in followed(self._data().val)]
        best = best_per_image(results, [cell.image for cell in self._cells])
        return _tiled([cell.draw(best[cell.image.id]) for cell in self._cells])


class _Cell:
    """One image with its truth."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self._scale = _SIDE / max(image.width, image.height)
        self._ground = _framed(image)
        for item in image.objects:
            self._outline(self._ground, item.points, _TRUTH)

    def draw(self, best: Sequence[Result]) -> Picture:
        """Return the image with predictions on it, the first on top."""
        drawn = self._ground.copy()
        for result in reversed(best):
            self._outline(drawn, ring_of(result), _PREDICTION)
        return drawn

    def _outline(self, onto: Picture, ring: Points, colour: tuple[int, int, int]) -> None:
        # Vertices may be anything a broken detector says.
        points = np.nan_to_num(ring * self._scale + _BORDER, nan=0.0).clip(-_FAR, _FAR).round().astype(np.int32)
        thickness = 2 if colour == _PREDICTION else 1
        for width, shade in ((thickness + 2, _HALO[colour]), (thickness, colour)):
            cv2.polylines(onto, [points], isClosed=True, color=shade, thickness=width, lineType=cv2.LINE_AA)


def _framed(image: Image) -> Picture:
    """Return an image in the middle of its border; plain grey where it cannot be read any more."""
    scale = _SIDE / max(image.width, image.height)
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    framed = np.full((height + 2 * _BORDER, width + 2 * _BORDER, 3), _GREY, dtype=np.uint8)
    found = decoded(image.path)
    if found is not None:
        shown = cv2.resize(found, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        framed[_BORDER:-_BORDER, _BORDER:-_BORDER] = shown[:, :, ::-1]
    return framed


def _tiled(cells: Sequence[Picture]) -> Picture:
    """Return pictures of any sizes in rows of `_COLUMNS`."""
    height, width = (max(cell.shape[axis] for cell in cells) for axis in (0, 1))
    columns = min(_COLUMNS, len(cells))
    rows = -(-len(cells) // columns)
    whole = np.full((rows * height, columns * width, 3), _GREY, dtype=np.uint8)
    for number, cell in enumerate(cells):
        top, left = number // columns * height, number % columns * width
        whole[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return whole
