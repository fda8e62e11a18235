"""AP is pycocotools' own, on what is written to disk."""

from __future__ import annotations

import contextlib
import io
import json
import math

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import datasets
from bench.evaluation import METRICS, Evaluator, coco_results
from bench.evaluation.results import NOTHING
from bench.records import RunFolder


def truth_as_predictions(data):
    """Return every object of the validation split as a prediction with its own vertices."""
    results = []
    for number, image in enumerate(data.val.images):
        for item in image.objects:
            box = np.concatenate((item.points.min(0), item.points.max(0)))[None]
            category = data.category_ids[item.category]
            score = np.array([1 - number / 1000])
            results += coco_results(image.id, image.width, image.height, [category], score, box, item.points[None])
    return results


def shaken(data, seed=0):
    """Return the truth with vertices moved, some classes wrong, some objects lost and some made up."""
    rng = np.random.default_rng(seed)
    results = []
    for image in data.val.images:
        for item in image.objects:
            if rng.random() < 0.15:
                continue
            size = np.ptp(item.points, axis=0).max()
            ring = item.points + rng.normal(0, rng.choice([0.01, 0.08, 0.3]) * size, item.points.shape)
            category = int(rng.choice(data.category_ids))
            box = np.concatenate((ring.min(0), ring.max(0)))[None]
            results += coco_results(image.id, image.width, image.height, [category], rng.random(1), box, ring[None])
        wild = rng.uniform(0, 3 * image.width, (1, 6, 2)) - image.width * rng.choice([0, 4])
        box = np.concatenate((wild[0].min(0), wild[0].max(0)))[None]
        results += coco_results(image.id, image.width, image.height, [data.category_ids[0]], rng.random(1), box, wild)
    return results


def coco_eval(coco, results, iou_type):
    """Return pycocotools' summary, straight from its README: stats[0:3] are AP, AP50 and AP75."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads(json.dumps(coco))
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(json.loads(json.dumps(results))), iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


@pytest.mark.parametrize("name", datasets.names())
def test_the_truth_scores_one(name):
    data = datasets.load(name)
    metrics = Evaluator(data.val.coco).evaluate(truth_as_predictions(data))
    assert tuple(metrics) == METRICS
    for key, value in metrics.items():
        assert value == (1.0 if "mAP" in key else 0.0), key


@pytest.mark.parametrize("name", datasets.names())
def test_ap_is_cocoevals_on_the_written_file(name, tmp_path):
    data = datasets.load(name)
    folder = RunFolder(tmp_path)
    folder.write_predictions(shaken(data))
    written = folder.read_predictions()
    metrics = Evaluator(data.val.coco).evaluate(written)
    assert any(result["segmentation"] == NOTHING for result in written)
    for prefix, iou_type in (("", "segm"), ("box_", "bbox")):
        expected = coco_eval(data.val.coco, written, iou_type)
        assert [metrics[prefix + key] for key in ("mAP50_95", "mAP50", "mAP75")] == expected[:3].tolist()
    assert 0 < metrics["mAP50_95"] < 1


def test_the_ring_is_scored_as_predicted():
    data = datasets.load("documents")
    convex = truth_as_predictions(data)
    crossed = []
    for result in convex:
        x = result["ring"]
        crossed.append({**result, "ring": [*x[:2], *x[4:6], *x[2:4], *x[6:]]})
    metrics = Evaluator(data.val.coco).evaluate(crossed)
    assert metrics["mAP50_95"] == 1.0
    assert metrics["ring_mAP50"] < 0.6
    assert metrics["bow_tie"] == 1.0


def test_nothing_predicted_is_zero_and_nothing_to_find_is_nan():
    data = datasets.load("documents")
    metrics = Evaluator(data.val.coco).evaluate([])
    assert metrics["mAP50"] == 0.0
    assert metrics["no_prediction"] == 1.0
    empty = {**data.val.coco, "annotations": []}
    for results in ([], truth_as_predictions(data)):
        metrics = Evaluator(empty).evaluate(results)
        assert math.isnan(metrics["mAP50_95"])
        assert math.isnan(metrics["box_mAP50"])


def test_scoring_leaves_the_truth_as_it_was():
    data = datasets.load("parcels")
    before = json.dumps(data.val.coco)
    evaluator = Evaluator(data.val.coco)
    results = shaken(data)
    first = evaluator.evaluate(results)
    assert evaluator.evaluate(results) == first
    assert json.dumps(data.val.coco) == before


def test_enormous_predictions_are_scored_like_any_other():
    image = {"id": 1, "width": 96, "height": 64}
    square = [10.0, 10.0, 40.0, 10.0, 40.0, 40.0, 10.0, 40.0]
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [square], "area": 900.0, "iscrowd": 0}
    coco = {
        "images": [image],
        "annotations": [{**annotation, "bbox": [10, 10, 30, 30]}],
        "categories": [{"id": 1, "name": "a"}],
    }
    ring = np.array([[[-1e6, -1e6], [1e6, -1e6], [1e6, 1e6], [-1e6, 1e6]]])
    results = coco_results(1, 96, 64, [1], np.array([0.9]), np.array([[-1e6, -1e6, 1e6, 1e6]]), ring)
    metrics = Evaluator(coco).evaluate(results)
    assert metrics["full_image"] == 1.0
    assert metrics["outside"] == 1.0
    assert metrics["mAP50"] == 0.0
