"""Several small convex fields an image, of two kinds told apart by their texture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import shapely

from datasets.drawing import Canvas, Drawn, clutter, fill, noise, write_coco
from datasets.registry import register
from datasets.rings import Ring, area

SIZE = 160
IMAGES = {"train": 96, "val": 64}
SEED = 20250424
COUNT = (4, 13)
VERTICES = (4, 9)
FILL = (0.01, 0.06)
"""Share of the image that one parcel covers."""
GAP = 2.0
"""Pixels that two parcels keep apart."""


@register("parcels", version=1, vertices=8)
def make(folder: Path) -> None:
    """Write 96 training and 64 validation images of 160 x 160 pixels: convex, 4-8 vertices, two categories."""
    write_coco(folder, ["striped", "dotted"], IMAGES, draw, SEED)


def draw(rng: np.random.Generator) -> Drawn:
    """Draw one image."""
    canvas = clutter(rng, SIZE, int(rng.integers(3, 9)))
    objects: list[tuple[int, Ring]] = []
    taken: list[shapely.Polygon] = []
    wanted = int(rng.integers(*COUNT))
    for _ in range(20 * wanted):
        ring = _convex(rng)
        shape = shapely.polygons(ring)
        if any(shapely.dwithin(shape, other, GAP) for other in taken):
            continue
        category = int(rng.integers(2))
        _paint(rng, canvas, ring, category)
        objects.append((category, ring))
        taken.append(shape)
        if len(objects) == wanted:
            break
    return noise(rng, canvas, rng.uniform(2, 8)), objects


def _convex(rng: np.random.Generator) -> Ring:
    """Return a convex ring inside the image: points on a stretched, turned circle, well apart."""
    count = int(rng.integers(*VERTICES))
    angles = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * 2 * np.pi / count + rng.uniform(0, 2 * np.pi)
    ring = np.column_stack((np.cos(angles), np.sin(angles))) * (1, rng.uniform(0.55, 1))
    turn = rng.uniform(0, np.pi)
    ring = ring @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    ring *= np.sqrt(rng.uniform(*FILL) * SIZE**2 / area(ring))
    low, high = ring.min(0), ring.max(0)
    return ring - low + rng.uniform(1, SIZE - 1 - (high - low))


def _paint(rng: np.random.Generator, canvas: Canvas, ring: Ring, category: int) -> None:
    tone = rng.uniform(60, 200, 3)
    depth = rng.uniform(25, 50)
    period, turn = rng.uniform(4, 7), rng.uniform(0, np.pi)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    fill(mask, ring, (255,))
    left, top, width, height = cv2.boundingRect(mask)
    window = np.s_[top : top + height, left : left + width]
    y, x = np.mgrid[window]
    along = (x * np.cos(turn) + y * np.sin(turn)) * 2 * np.pi / period
    across = (y * np.cos(turn) - x * np.sin(turn)) * 2 * np.pi / period
    wave = np.sin(along) if category == 0 else np.where(np.sin(along) * np.sin(across) > 0.35, 1.0, -0.4)
    texture = (tone + depth * wave[..., None]).clip(0, 255)
    share = mask[window][..., None] / 255.0
    canvas[window] = (canvas[window] * (1 - share) + texture * share).astype(np.uint8)
