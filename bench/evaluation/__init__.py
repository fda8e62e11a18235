"""What a run is scored by: AP from pycocotools, and the rates of degenerate shapes."""

from bench.evaluation.evaluator import Evaluator
from bench.evaluation.results import coco_results
from bench.metrics import METRICS

__all__ = ["METRICS", "Evaluator", "coco_results"]
