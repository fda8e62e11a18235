"""How much of an AP is owed to the images that happen to be in the validation set: the image-level bootstrap.

Every run on the same data is scored on the same resamples of its images, so that a run's vector can be stored by itself
and the paired bootstrap of the difference of two runs is the difference of their vectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.evaluation.average_precision import load_truth, matched
from bench.evaluation.results import Result

DRAWS = 200
_AT_ONCE = 4_000_000
"""Detections times draws that are held at a time: about 100 MB."""
_EPSILON = np.spacing(1)
"""What `COCOeval.accumulate` adds to a denominator."""


def image_bootstrap(
    coco: Mapping[str, Any], results: Sequence[Result], fingerprint: str, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Return mAP50-95 of the hull on resamples of the images, drawn with replacement.

    Args:
        coco: the split's annotations, as `datasets.Split.coco` holds them.
        results: COCO results as `coco_results` makes them.
        fingerprint: of the data set; it alone fixes the resamples, whatever the run, the machine or numpy's version.
        draws: number of resamples; more of them begin with the same ones.

    Returns:
        (draws,), NaN for a resample without an object. 0 without results, as `average_precision` has it.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap.
    """
    truth = load_truth(coco)
    counts = resamples(fingerprint, len(truth.imgs), draws)
    if results:
        return resampled_map(matched(truth, results, "segm"), counts)
    return np.where(counts @ _objects(truth) > 0, 0.0, np.nan)


def resamples(fingerprint: str, images: int, draws: int = DRAWS) -> NDArray[np.int64]:
    """Return how often each image, in the order of their ids, is in each resample of as many: (draws, images)."""
    seed = int.from_bytes(hashlib.sha256(fingerprint.encode()).digest(), "big")
    # Raw bits, since numpy may change between versions how its generators turn them into numbers; 2⁶⁴ is no multiple
    # of `images`, which shifts a probability by less than 1e-12.
    drawn = np.random.PCG64(seed).random_raw(draws * images).reshape(draws, images) % np.uint64(images)
    return np.stack([np.bincount(row, minlength=images) for row in drawn.astype(np.int64)])


def resampled_map(evaluation: COCOeval, counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return mAP50-95 with images counted several times or not at all.

    An image that is counted k times is as good as k images of their own: each of its objects and detections counts k
    times. Matching is within an image and does not change, so that only what `COCOeval.accumulate` does is done anew.

    Args:
        evaluation: from `matched`; with one area range.
        counts: (draws, images), in the order of `evaluation.params.imgIds`.

    Returns:
        (draws,), the mean over thresholds, recalls and those categories that have an object in the resample; NaN where
        none has. Ties of score are in pycocotools' order of images, each with its copies.
    """
    total, defined = np.zeros(len(counts)), np.zeros(len(counts))
    for category in _categories(evaluation):
        positives = counts[:, category.object_image].sum(1)  # COCO's npig
        present = np.flatnonzero(positives)
        defined[present] += 1
        step = max(1, _AT_ONCE // max(1, len(category.image)))
        for start in range(0, len(present), step):
            rows = present[start : start + step]
            total[rows] += _average_precision(category, counts[rows], positives[rows], evaluation.params.recThrs)
    return np.divide(total, defined, out=np.full(len(counts), np.nan), where=defined > 0)


@dataclass(frozen=True)
class _Category:
    """One category's detections, best score first, and objects; images by their place in `imgIds`.

    Attributes:
        image: (D,), of each detection.
        correct: (thresholds, D), matched to an object that counts.
        ignored: (thresholds, D), neither right nor wrong.
        alike: thresholds that ignore the same detections, together: all of them where there are no crowds.
        object_image: (G,), of each object that counts.
    """

    image: NDArray[np.int64]
    correct: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    alike: list[list[int]]
    object_image: NDArray[np.int64]


def _categories(evaluation: COCOeval) -> Iterator[_Category]:
    """Yield the categories that have an object that counts."""
    images = len(evaluation.params.imgIds)
    for start in range(0, len(evaluation.evalImgs), images):
        found = [(i, one) for i, one in enumerate(evaluation.evalImgs[start : start + images]) if one is not None]
        if not found:
            continue
        objects = np.repeat([i for i, _ in found], [np.count_nonzero(one["gtIgnore"] == 0) for _, one in found])
        if not len(objects):
            continue
        order = np.argsort(-np.concatenate([one["dtScores"] for _, one in found]), kind="stable")
        ignored = np.concatenate([one["dtIgnore"] for _, one in found], axis=1)[:, order].astype(bool)
        correct = np.concatenate([one["dtMatches"] for _, one in found], axis=1)[:, order].astype(bool) & ~ignored
        image = np.repeat([i for i, _ in found], [len(one["dtScores"]) for _, one in found])[order]
        alike: dict[bytes, list[int]] = {}
        for threshold, row in enumerate(ignored):
            alike.setdefault(row.tobytes(), []).append(threshold)
        yield _Category(image, correct, ignored, list(alike.values()), objects)


def _average_precision(
    category: _Category, counts: NDArray[np.integer], positives: NDArray[np.integer], recalls: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean over thresholds and recalls of the interpolated precision of each draw, (draws,)."""
    weights = counts[:, category.image]
    total = np.zeros(len(counts))
    for thresholds in category.alike:
        detected = np.cumsum(np.where(category.ignored[thresholds[0]], 0, weights), axis=1)
        for correct in category.correct[thresholds]:
            # Recall only rises at a correct detection, and the precision it is looked up at is the best from there on,
            # which is at a correct one too: the others count in `detected` alone.
            at = np.flatnonzero(correct)
            if not len(at):
                continue
            hits = np.cumsum(weights[:, at], axis=1)
            best = np.maximum.accumulate((hits / (detected[:, at] + _EPSILON))[:, ::-1], axis=1)[:, ::-1]
            reached = hits / positives[:, None]
            for draw in range(len(counts)):
                first = np.searchsorted(reached[draw], recalls, side="left")
                total[draw] += best[draw, first[first < len(at)]].sum()
    return total / (len(category.correct) * len(recalls))


def _objects(truth: COCO) -> NDArray[np.int64]:
    """Return the number of objects that count of each image, in the order of their ids."""
    return np.array([sum(not item["iscrowd"] for item in truth.imgToAnns[image]) for image in sorted(truth.imgs)])
