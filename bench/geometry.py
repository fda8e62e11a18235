"""Polygons as arrays of vertices: order, resampling, hull, clipping. Coordinates are pixels, y points down."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from datasets.rings import signed_area

Points = NDArray[np.floating]

TIE = 1e-4
"""Share of a ring's larger side by which two distances may differ and still tie; single precision adds less."""
_DECIMALS = 6
_SLIVER = 1e-9


def canonical_permutation(points: Points) -> NDArray[np.intp]:
    """Return the indices (..., V) that put rings (..., V, 2) in canonical order.

    The order is clockwise on the screen, from the vertex nearest the top-left corner of the ring's own bounding box
    (ties, to within `TIE`: the higher one, then the left one). A ring is only reversed and rolled, never re-joined.
    """
    points = np.asarray(points, dtype=np.float64)
    count = points.shape[-2]
    steps = np.where(signed_area(points) < 0, -1, 1)[..., None]
    relative = points - points.min(-2, keepdims=True)
    x, y = np.moveaxis(relative, -1, 0)
    slack = TIE * relative.max((-1, -2))[..., None]
    distance = np.hypot(x, y)
    near = distance <= distance.min(-1, keepdims=True) + slack
    y = np.where(near, y, np.inf)
    high = y <= y.min(-1, keepdims=True) + slack
    first = np.where(high, x, np.inf).argmin(-1)[..., None]
    return (first + steps * np.arange(count)) % count


def canonical_order(points: Points) -> Points:
    """Return rings (..., V, 2) in the order of `canonical_permutation`."""
    points = np.asarray(points)
    return np.take_along_axis(points, canonical_permutation(points)[..., None], axis=-2)


def resample(points: Points, vertices: int) -> Points:
    """Return the ring (K, 2) with V vertices: (V, 2), in canonical order.

    With fewer than V, the longest edge is halved until there are V, which keeps the shape. With more, the vertex whose
    triangle with its neighbours is smallest goes first (Visvalingam & Whyatt 1993), which keeps the area as well as
    removing vertices can.
    """
    corners = canonical_order(np.asarray(points, dtype=np.float64))  # ties forget the start
    sizes = _corner_sizes(np.roll(corners, 1, 0), corners, np.roll(corners, -1, 0))
    while len(corners) > vertices:
        gone = int(sizes.argmin())
        corners, sizes = np.delete(corners, gone, 0), np.delete(sizes, gone)
        beside = np.array([gone - 1, gone]) % len(corners)
        sizes[beside] = _corner_sizes(corners[beside - 1], corners[beside], corners[(beside + 1) % len(corners)])
    pieces = np.ones(len(corners), dtype=int)
    lengths = np.linalg.norm(np.roll(corners, -1, 0) - corners, axis=1)
    for _ in range(vertices - len(corners)):  # the edge whose pieces are longest is cut into one piece more
        pieces[(lengths / pieces).argmax()] += 1
    following = np.roll(corners, -1, 0)
    split = [
        corners[i] + (following[i] - corners[i]) * piece / pieces[i]
        for i in range(len(corners))
        for piece in range(pieces[i])
    ]
    return canonical_order(np.array(split))


def _corner_sizes(before: Points, at: Points, after: Points) -> Points:
    """Return twice the areas of the triangles (K, 2) of vertices with their neighbours: (K,)."""
    a, b = at - before, after - before
    return np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def convex_hull(points: Points) -> Points:
    """Return the corners (H, 2) of the convex hull of vertices (V, 2); H < 3 when they lie on one line."""
    hull = shapely.convex_hull(shapely.multipoints(np.asarray(points, dtype=np.float64)))
    corners = shapely.get_coordinates(hull)
    return corners[:-1] if isinstance(hull, shapely.Polygon) else corners


def clip_to_image(points: Points, width: float, height: float, *, hull: bool) -> list[Points]:
    """Return the parts (K, 2) of a shape that lie on an image of `width` x `height` pixels.

    Args:
        points: vertices (V, 2) as predicted; any finite numbers.
        width: of the image.
        height: of the image.
        hull: take the convex hull of the vertices; otherwise the ring, where it crosses itself by the even-odd rule
            (edges that lie on one another count once).

    Returns:
        Outlines without their closing vertex, largest first; together they cover the shape once, and none has a hole.
        Empty when nothing of positive area is on the image.
    """
    points = np.round(np.asarray(points, dtype=np.float64), _DECIMALS)  # products of smaller numbers may underflow
    shape = shapely.convex_hull(shapely.multipoints(points)) if hull else shapely.make_valid(shapely.polygons(points))
    clipped = shapely.intersection(shape, shapely.box(0, 0, width, height))
    parts = [part for whole in _polygons(clipped) for part in _without_holes(whole) if part.area > 0]
    parts.sort(key=lambda part: -part.area)
    return [shapely.get_coordinates(part.exterior)[:-1].clip(0, (width, height)) for part in parts]


def _polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    """Return the polygons in a geometry, whatever else it holds."""
    if isinstance(shape, shapely.Polygon):
        return [] if shape.is_empty else [shape]
    return [polygon for part in getattr(shape, "geoms", ()) for polygon in _polygons(part)]


def _without_holes(polygon: shapely.Polygon) -> list[shapely.Polygon]:
    """Return a polygon cut upright through its holes until no part has one: an outline cannot show a hole."""
    holes = [hole for hole in map(shapely.Polygon, polygon.interiors) if hole.area > _SLIVER]
    if not holes:
        return [polygon]
    left, top, right, bottom = polygon.bounds
    cut = shapely.point_on_surface(holes[0]).x
    halves = shapely.intersection(polygon, shapely.box([left, cut], top, [cut, right], bottom))
    return [part for half in halves for piece in _polygons(half) for part in _without_holes(piece)]
