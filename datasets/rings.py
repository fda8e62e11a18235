"""Rings as arrays of vertices: their area, and whether they cross themselves. y points down."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

Ring = NDArray[np.float64]
"""(K, 2), in pixels; the last vertex is joined to the first."""


def signed_area(rings: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the shoelace area of rings (..., V, 2), which shapely does not sign: positive when they run clockwise."""
    x, y = rings[..., 0], rings[..., 1]
    x, y = x - x[..., :1], y - y[..., :1]  # far from the origin the products would cancel badly
    return 0.5 * (x * np.roll(y, -1, -1) - np.roll(x, -1, -1) * y).sum(-1)


def area(ring: NDArray[np.floating]) -> float:
    """Return the area of the ring (V, 2); where it crosses itself, its parts count with their signs."""
    return float(abs(signed_area(np.asarray(ring, dtype=np.float64))))


def is_simple(ring: NDArray[np.floating]) -> bool:
    """Return whether the ring (V, 2) neither crosses nor touches itself."""
    return bool(shapely.is_simple(shapely.linearrings(np.asarray(ring, dtype=np.float64))))
