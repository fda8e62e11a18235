"""Scoring 5,000 images with the harness against pycocotools called by hand for the same three APs.

    python tests/benchmarks/evaluation.py [--images 5000] [--rounds 3]

The harness also counts degenerate shapes; by hand is `loadRes`, `COCOeval.evaluate` and `accumulate`, three times.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import time

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.evaluation import Evaluator, coco_results
from bench.evaluation.results import ring_of, segmentation_of

SIDE = 160


def made(images: int) -> tuple[dict, list[dict]]:
    """Return annotations and predictions: an object and three guesses an image."""
    rng = np.random.default_rng(0)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    coco = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "one"}]}
    results = []
    for number in range(1, images + 1):
        ring = SIDE / 2 + rng.normal(0, 6, 2) + square * rng.uniform(30, 60, 2) + rng.normal(0, 4, (4, 2))
        low, high = ring.min(0), ring.max(0)
        coco["images"].append({"id": number, "width": SIDE, "height": SIDE})
        coco["annotations"].append({
            "id": number, "image_id": number, "category_id": 1, "iscrowd": 0, "segmentation": [ring.ravel().tolist()],
            "bbox": [*low, *(high - low)], "area": float(np.prod(high - low)),
        })  # fmt: skip
        guesses = ring + rng.normal(0, 5, (3, 4, 2))
        boxes = np.concatenate((guesses.min(1), guesses.max(1)), axis=1)
        results += coco_results(number, SIDE, SIDE, [1] * 3, rng.random(3), boxes, guesses)
    return coco, results


def by_hand(coco: dict, results: list[dict]) -> None:
    """Score the hull, the ring and the box with pycocotools alone."""
    truth = COCO()
    truth.dataset = {**coco, "annotations": [dict(one) for one in coco["annotations"]]}
    truth.createIndex()
    rings = [{**one, "segmentation": segmentation_of(ring_of(one), SIDE, SIDE, hull=False)} for one in results]
    for found, kind in ((results, "segm"), (rings, "segm"), (results, "bbox")):
        evaluation = COCOeval(truth, truth.loadRes([dict(one) for one in found]), kind)  # it writes into what it loads
        evaluation.evaluate()
        evaluation.accumulate()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    coco, results = made(options.images)
    evaluator = Evaluator(coco)
    ratios = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        evaluator.evaluate(results)
        ours = time.perf_counter() - start
        with contextlib.redirect_stdout(io.StringIO()):
            start = time.perf_counter()
            by_hand(coco, results)
            theirs = time.perf_counter() - start
        ratios.append(theirs / ours)
        print(f"harness {ours:.1f} s, by hand {theirs:.1f} s: {ratios[-1]:.2f} times as fast", flush=True)
    print(
        f"{options.images} images, {len(results)} predictions: {statistics.median(ratios):.2f} times as fast (median)"
    )


if __name__ == "__main__":
    main()
