"""Which images and which predictions one looks at: in galleries, in tracking, and in what a run keeps for them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bench.evaluation.results import Result, ring_of
from bench.evenly import evenly

if TYPE_CHECKING:
    from datasets import Image, Split

SAMPLES = 8
"""Images that are followed."""
BEST = 10
"""Predictions of each that are kept, at most."""


def sample_ids(coco: Mapping[str, Any]) -> list[int]:
    """Return the ids of the images that are followed, spread evenly over the split; the same for every run on it.

    Args:
        coco: the split's annotations, as `datasets.Split.coco` holds them.
    """
    return evenly(sorted(image["id"] for image in coco["images"]), SAMPLES)


def followed(split: Split) -> list[Image]:
    """Return the images of `sample_ids`: those that every gallery shows."""
    wanted = set(sample_ids(split.coco))
    return [image for image in split.images if image.id in wanted]


def sampled(results: Iterable[Result], ids: Collection[int]) -> list[Result]:
    """Return the best results on each of the images, in the order of `ids`, best first.

    Args:
        results: as `coco_results` makes them.
        ids: of images.
    """
    return [result for of_image in _best_first(results, ids).values() for result in of_image[:BEST]]


def best_per_image(results: Iterable[Result], images: Iterable[Image]) -> dict[int, list[Result]]:
    """Return the best results on each image, by its id, best first: as many as it has objects, and at least one.

    Args:
        results: as `coco_results` makes them, or as a record has them; without a finite score or a vertex they are
            left out.
        images: to look at.

    Raises:
        KeyError, TypeError, ValueError: the results were written by something else.
    """
    wanted = {image.id: max(1, len(image.objects)) for image in images}
    of_them = (result for result in results if result["image_id"] in wanted)
    drawable = (result for result in of_them if math.isfinite(result["score"]) and ring_of(result).size)
    return {image_id: best[: wanted[image_id]] for image_id, best in _best_first(drawable, wanted).items()}


def _best_first(results: Iterable[Result], ids: Iterable[int]) -> dict[int, list[Result]]:
    """Return all results on each of the images, by its id, best first."""
    found: dict[int, list[Result]] = {image_id: [] for image_id in ids}
    for result in results:
        if result["image_id"] in found:
            found[result["image_id"]].append(result)
    return {
        image_id: sorted(of_image, key=lambda result: result["score"], reverse=True)
        for image_id, of_image in found.items()
    }
