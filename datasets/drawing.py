"""What the synthetic sets are drawn with: seeded clutter, noise, and writing a COCO folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.rings import Ring, area

Canvas = NDArray[np.uint8]
Drawn = tuple[Canvas, list[tuple[int, Ring]]]
"""An image (H, W, 3) in BGR, and its objects as (category index, vertices (K, 2) in pixels)."""

_SUBPIXEL_BITS = 4


def write_coco(
    folder: Path,
    categories: Sequence[str],
    sizes: dict[str, int],
    draw: Callable[[np.random.Generator], Drawn],
    seed: int,
) -> None:
    """Draw both splits of a set and write them as a COCO folder; every image has a generator of its own.

    Args:
        folder: has an empty `images/`.
        categories: their names; COCO ids count from 1.
        sizes: number of images of `train` and of `val`.
        draw: draws one image.
        seed: of the whole set.
    """
    for part, (split, size) in enumerate(sizes.items()):
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number in range(size):
            canvas, objects = draw(np.random.default_rng((seed, part, number)))
            file_name = f"{split}_{number:04d}.png"
            height, width = canvas.shape[:2]
            (folder / "images" / file_name).write_bytes(cv2.imencode(".png", canvas)[1].tobytes())
            images.append({"id": number + 1, "file_name": file_name, "width": width, "height": height})
            for category, ring in objects:
                annotations.append(_annotation(len(annotations) + 1, number + 1, category + 1, ring.round(2)))
        named = [{"id": index + 1, "name": name} for index, name in enumerate(categories)]
        whole = {"images": images, "annotations": annotations, "categories": named}
        (folder / f"{split}.json").write_text(json.dumps(whole, separators=(",", ":")))


def clutter(rng: np.random.Generator, size: int, shapes: int) -> Canvas:
    """Return a background (size, size, 3): blurred colour fields under `shapes` random lines, discs and quads."""
    coarse = rng.uniform(30, 225, (int(rng.integers(2, 6)),) * 2 + (3,)).astype(np.float32)
    canvas = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    for _ in range(shapes):
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        kind = rng.integers(3)
        a, b = rng.integers(-10, size + 10, (2, 2))
        if kind == 0:
            cv2.line(canvas, a.tolist(), b.tolist(), colour, int(rng.integers(1, 4)), cv2.LINE_AA)
        elif kind == 1:
            cv2.circle(canvas, a.tolist(), int(rng.integers(3, size // 6)), colour, -1, cv2.LINE_AA)
        else:
            fill(canvas, a + rng.uniform(-size / 6, size / 6, (4, 2)), colour)
    return canvas


def fill(canvas: Canvas, ring: Ring, colour: tuple[int, ...]) -> None:
    """Fill a convex or other ring (K, 2), given in pixels with fractions, in place; a number a channel."""
    fixed = np.round((ring - 0.5) * 2**_SUBPIXEL_BITS).astype(np.int32)  # COCO counts from the pixel's corner
    cv2.fillPoly(canvas, [fixed], colour, cv2.LINE_AA, _SUBPIXEL_BITS)


def noise(rng: np.random.Generator, canvas: Canvas, sigma: float) -> Canvas:
    """Return the image with Gaussian noise of standard deviation `sigma`, in grey levels."""
    return (canvas + rng.normal(0, sigma, canvas.shape)).clip(0, 255).astype(np.uint8)


def _annotation(annotation_id: int, image_id: int, category_id: int, ring: Ring) -> dict[str, Any]:
    low, size = ring.min(0), np.ptp(ring, axis=0)
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": category_id,
        "segmentation": [ring.flatten().tolist()],
        "bbox": [*low.round(2).tolist(), *size.round(2).tolist()],
        "area": round(area(ring), 2),
        "iscrowd": 0,
    }
