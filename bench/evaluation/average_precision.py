"""Average precision, from pycocotools and nothing else."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.evaluation.results import Result
from bench.metrics import MAX_DETECTIONS

THRESHOLDS = {"mAP50_95": None, "mAP50": 0.5, "mAP75": 0.75, "mAP90": 0.9}
"""AP's name, and the IoU it is taken at; None: the mean over 0.50, 0.55, ..., 0.95."""


def load_truth(coco: Mapping[str, Any]) -> COCO:
    """Return the annotations as pycocotools holds them."""
    truth = COCO()
    # pycocotools turns the annotations' polygons into masks in place; everyone else still needs the polygons.
    truth.dataset = {**coco, "annotations": [dict(annotation) for annotation in coco["annotations"]]}
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
    return truth


def average_precision(truth: COCO, results: Sequence[Result], iou_type: str) -> dict[str, float]:
    """Return COCO's AP (area all, `MAX_DETECTIONS` an image and category) of results against the truth.

    Those of a run are as many of an image at the most, of all categories together (`bench.detector.predict`).

    Args:
        truth: from `load_truth`.
        results: COCO results as `coco_results` makes them.
        iou_type: `segm` or `bbox`.

    Returns:
        The keys of `THRESHOLDS`. 0 without results; NaN where the truth has no object.
    """
    if not results:
        empty = not any(not annotation["iscrowd"] for annotation in truth.dataset["annotations"])
        return dict.fromkeys(THRESHOLDS, float("nan") if empty else 0.0)
    evaluation = matched(truth, results, iou_type)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.accumulate()
    precision = evaluation.eval["precision"][..., 0, 0]  # (thresholds, recalls, categories)
    return {name: _mean(precision, evaluation.params.iouThrs, iou) for name, iou in THRESHOLDS.items()}


def matched(truth: COCO, results: Sequence[Result], iou_type: str) -> COCOeval:
    """Return results matched to the truth, image by image (`evalImgs`), and not yet accumulated.

    Args:
        truth: from `load_truth`.
        results: at least one.
        iou_type: `segm` or `bbox`.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        # pycocotools writes into what it loads.
        evaluation = COCOeval(truth, truth.loadRes([dict(result) for result in results]), iou_type)
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.params.maxDets = [MAX_DETECTIONS]
        evaluation.evaluate()
    return evaluation


def _mean(precision: NDArray[np.float64], thresholds: NDArray[np.float64], iou: float | None) -> float:
    """Return what `COCOeval.summarize` prints: the mean over what is defined."""
    chosen = precision if iou is None else precision[np.isclose(thresholds, iou)]
    defined = chosen[chosen > -1]
    return float(defined.mean()) if defined.size else float("nan")
