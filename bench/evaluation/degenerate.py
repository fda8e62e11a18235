"""Shapes that no object has: what a detector's best guess looks like when its loss has failed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from bench.evaluation.results import Result, ring_of
from bench.geometry import clip_to_image, convex_hull
from bench.metrics import RATES
from datasets.rings import area, is_simple

FULL_IMAGE, OBJECT = 0.90, 0.80
"""Full-image: the clipped hull covers more than the one, the object less than the other."""
DWARFS = 4.0
"""Full-image as well: a hull, clipped or not, of more than so many times the image, any of which it covers."""
COLLAPSED = 0.05
"""Collapsed: the hull covers less than this share of its own predicted box."""
OUTSIDE = 0.5
"""Outside: more than this share of the vertices lies off the image."""


def degenerate_rates(coco: Mapping[str, Any], results: Sequence[Result]) -> dict[str, float]:
    """Return the share of the split's images whose best-scored prediction is degenerate, by kind.

    Args:
        coco: the split's annotations, in polygons.
        results: COCO results with `ring`, of any number of images.

    Returns:
        `RATES`, each over all images of the split; an image without a prediction counts as `no_prediction` alone.
    """
    best: dict[int, Result] = {}
    for result in results:
        known = best.get(result["image_id"])
        if known is None or result["score"] > known["score"]:
            best[result["image_id"]] = result
    objects: dict[int, list[Mapping[str, Any]]] = {image["id"]: [] for image in coco["images"]}
    for annotation in coco["annotations"]:
        if not annotation["iscrowd"]:
            objects[annotation["image_id"]].append(annotation)
    counts = dict.fromkeys(RATES, 0)
    for image in coco["images"]:
        for kind in _kinds(best.get(image["id"]), image, objects[image["id"]]):
            counts[kind] += 1
    return {kind: count / len(coco["images"]) for kind, count in counts.items()}


def _kinds(result: Result | None, image: Mapping[str, Any], objects: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    if result is None:
        return ["no_prediction"]
    size = image["width"], image["height"]
    ring = ring_of(result)
    found = {
        "full_image": _is_full_image(result, size, objects),
        "bow_tie": not is_simple(ring),
        "collapsed": area(convex_hull(ring)) <= COLLAPSED * result["bbox"][2] * result["bbox"][3],
        "outside": float(((ring < 0) | (ring > size)).any(1).mean()) > OUTSIDE,
    }
    return [kind for kind, is_so in found.items() if is_so]


def _is_full_image(result: Result, size: tuple[int, int], objects: Sequence[Mapping[str, Any]]) -> bool:
    image_area = size[0] * size[1]
    hull = _on_image(result["segmentation"], size)
    dwarfs = hull.area > 0 and area(convex_hull(ring_of(result))) > DWARFS * image_area
    if hull.area <= FULL_IMAGE * image_area and not dwarfs:
        return False
    return _counterpart(hull, [_on_image(item["segmentation"], size) for item in objects]) < OBJECT * image_area


def _counterpart(hull: shapely.Geometry, objects: Sequence[shapely.Geometry]) -> float:
    """Return the area of the object the hull overlaps best by IoU; of the largest when it meets none."""
    if not objects:
        return 0.0
    areas = shapely.area(objects)
    common = shapely.area(shapely.intersection(hull, objects))
    iou = common / (areas + hull.area - common)
    return float(areas[iou.argmax() if iou.max() > 0 else areas.argmax()])


def _on_image(segmentation: Sequence[Sequence[float]], size: tuple[int, int]) -> shapely.Geometry:
    """Return what a COCO segmentation covers of an image of (width, height)."""
    rings = [np.reshape(part, (-1, 2)) for part in segmentation]
    return shapely.union_all(
        [shapely.polygons(part) for ring in rings for part in clip_to_image(ring, *size, hull=False)]
    )
