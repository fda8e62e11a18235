"""What a run predicts on the same few images every time it is measured: what one looks at, and no figure is made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bench.evaluation.results import Result

SAMPLES = 8
"""Images that are followed."""
BEST = 10
"""Predictions of each that are kept, at most."""


def sample_ids(coco: Mapping[str, Any]) -> list[int]:
    """Return the ids of the images that are followed, spread evenly over the split; the same for every run on it.

    Args:
        coco: the split's annotations, as `datasets.Split.coco` holds them.
    """
    ids = sorted(image["id"] for image in coco["images"])
    count = min(SAMPLES, len(ids))
    return [ids[number * len(ids) // count] for number in range(count)]


def sampled(results: Sequence[Result], ids: Collection[int]) -> list[Result]:
    """Return the best results on each of the images, in the order of `ids`, best first.

    Args:
        results: as `coco_results` makes them.
        ids: of images.
    """
    found: dict[int, list[Result]] = {image_id: [] for image_id in ids}
    for result in results:
        if result["image_id"] in found:
            found[result["image_id"]].append(result)
    return [
        result
        for of_image in found.values()
        for result in sorted(of_image, key=lambda result: result["score"], reverse=True)[:BEST]
    ]
