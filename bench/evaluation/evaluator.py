"""All of a run's figures at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.evaluation.average_precision import average_precision, load_truth
from bench.evaluation.degenerate import degenerate_rates
from bench.evaluation.results import Result, ring_of, segmentation_of
from bench.metrics import PRIMARY, SECONDARY


class Evaluator:
    """Scores predictions against one split.

    Args:
        coco: the split's annotations, as `datasets.Split.coco` holds them.
    """

    def __init__(self, coco: Mapping[str, Any]) -> None:
        self._coco = coco
        self._truth = load_truth(coco)

    def evaluate(self, results: Sequence[Result]) -> dict[str, float]:
        """Return `METRICS` of COCO results as `coco_results` makes them.

        `mAP...` is of the hull, `ring_mAP...` of the ring as predicted (filled by the even-odd rule where it crosses
        itself), `box_mAP...` of the predicted box; the rest are rates over the split's images.
        """
        rings = [{**result, "segmentation": self._ring(result)} for result in results]
        hull_ap = average_precision(self._truth, results, "segm")
        ring_ap = average_precision(self._truth, rings, "segm")
        box_ap = average_precision(self._truth, results, "bbox")
        return {
            **{name: hull_ap[name] for name in PRIMARY},
            **{f"ring_{name}": ring_ap[name] for name in SECONDARY},
            **{f"box_{name}": box_ap[name] for name in SECONDARY},
            **degenerate_rates(self._coco, results),
        }

    def _ring(self, result: Result) -> list[list[float]]:
        image = self._truth.imgs[result["image_id"]]
        return segmentation_of(ring_of(result), image["width"], image["height"], hull=False)
