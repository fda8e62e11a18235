"""One sheet of paper an image, tilted in space, on a cluttered background."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from datasets.drawing import Canvas, Drawn, clutter, noise, write_coco
from datasets.registry import register
from datasets.rings import Ring, area

SIZE = 160
IMAGES = {"train": 96, "val": 64}
SEED = 20250423
FILL = (0.30, 0.80)
"""Share of the image that the sheet covers."""
ROLL, TILT = 35.0, 40.0
"""Largest rotation in the image plane and out of it, in degrees."""
CONTRAST = (14, 110)
"""Grey levels between the sheet and what is behind it."""
SHAPES = (8, 22)
SIGMA = (2.0, 9.0)


@register("documents", version=1, vertices=4)
def make(folder: Path) -> None:
    """Write 96 training and 64 validation images of 160 x 160 pixels, one quad each, one category."""
    write_coco(folder, ["document"], IMAGES, draw, SEED)


def draw(rng: np.random.Generator) -> Drawn:
    """Draw one image."""
    canvas = clutter(rng, SIZE, int(rng.integers(*SHAPES)))
    quad = _quad(rng)
    sheet = _sheet(rng, canvas, quad)
    height, width = sheet.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    warp = cv2.getPerspectiveTransform(corners - 0.5, (quad - 0.5).astype(np.float32))
    drawn = cv2.warpPerspective(sheet, warp, (SIZE, SIZE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), warp, (SIZE, SIZE))[..., None] / 255.0
    canvas = (canvas * (1 - mask) + drawn * mask).astype(np.uint8)
    return noise(rng, _shade(rng, canvas), rng.uniform(*SIGMA)), [(0, quad)]


def _quad(rng: np.random.Generator) -> Ring:
    """Return the corners of a rectangle seen in perspective, inside the image and of the wanted area."""
    while True:
        half = np.array([rng.uniform(0.6, 1.0), 1.0])
        flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        roll, pitch, yaw = np.radians(rng.uniform(-1, 1, 3) * (ROLL, TILT, TILT))
        solid = np.column_stack((flat, np.zeros(4))) @ _rotation(roll, pitch, yaw).T
        seen = solid[:, :2] / (1 + solid[:, 2:] / rng.uniform(3.0, 6.0))
        wanted = rng.uniform(*FILL) * SIZE**2
        seen *= np.sqrt(wanted / area(seen))
        seen -= (seen.min(0) + seen.max(0)) / 2
        room = SIZE - np.ptp(seen, axis=0)
        if (room > 2).all():
            return seen + SIZE / 2 + rng.uniform(-0.5, 0.5, 2) * (room - 2)


def _rotation(roll: float, pitch: float, yaw: float) -> np.ndarray:
    cr, sr, cp, sp, cy, sy = np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch), np.cos(yaw), np.sin(yaw)
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return about_y @ about_x @ about_z


def _sheet(rng: np.random.Generator, canvas: Canvas, quad: Ring) -> Canvas:
    """Return the sheet seen from above: a tone near the background's, lines of text, a block or two."""
    sides = np.linalg.norm(np.roll(quad, -1, 0) - quad, axis=1)
    width, height = int((sides[0] + sides[2]) / 2) + 1, int((sides[1] + sides[3]) / 2) + 1
    behind = canvas.reshape(-1, 3).mean(0)
    away = np.where(behind.mean() < 128, 1, -1) * rng.uniform(*CONTRAST)
    tone = (behind + away + rng.normal(0, 6, 3)).clip(5, 250)
    sheet = np.full((height, width, 3), tone, np.uint8)
    ink = tuple(int(value) for value in (tone - np.sign(tone.mean() - 128) * rng.uniform(30, 100)).clip(0, 255))
    margin, step = max(4, width // 10), int(rng.integers(5, 10))
    for y in range(margin, height - margin, step):
        x = margin
        while x < width - margin:
            end = min(x + int(rng.integers(4, 16)), width - margin)
            if rng.random() < 0.8:
                cv2.line(sheet, (x, y), (end, y), ink, max(1, step // 4), cv2.LINE_AA)
            x = end + int(rng.integers(2, 5))
    for _ in range(int(rng.integers(0, 3))):
        x, y = int(rng.integers(margin, width - margin)), int(rng.integers(margin, height - margin))
        colour = tuple(int(value) for value in rng.integers(40, 216, 3))
        end = (min(x + width // 4, width - margin), min(y + height // 5, height - margin))
        cv2.rectangle(sheet, (x, y), end, colour, -1)
    return sheet


def _shade(rng: np.random.Generator, canvas: Canvas) -> Canvas:
    """Return the image under light that falls off across it."""
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.45)
    across = np.linspace(-1, 1, SIZE)
    slope = across[None, :] * np.cos(angle) + across[:, None] * np.sin(angle)
    return (canvas * (1 - depth * (slope + 1) / 2)[..., None]).clip(0, 255).astype(np.uint8)
