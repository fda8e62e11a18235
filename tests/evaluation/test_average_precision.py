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
from datasets.rings import area


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
        assert value == pytest.approx(1.0 if "mAP" in key else 0.0, abs=1e-12), key


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


SQUARE = np.array([[10.0, 10.0], [40.0, 10.0], [40.0, 40.0], [10.0, 40.0]])


def one_square(**changes):
    """Return annotations of one image of 96 x 64 pixels with one square."""
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [SQUARE.ravel().tolist()], **changes}
    return {
        "images": [{"id": 1, "width": 96, "height": 64}],
        "annotations": [{"bbox": [10, 10, 30, 30], "area": 900.0, "iscrowd": 0, **annotation}],
        "categories": [{"id": 1, "name": "a"}],
    }


def predicted(*rings, scores, boxes=None, image=1):
    rings = np.array(rings, dtype=float)
    boxes = np.concatenate((rings.min(1), rings.max(1)), axis=1) if boxes is None else np.array(boxes, dtype=float)
    return coco_results(image, 96, 64, [1] * len(rings), np.array(scores), boxes, rings)


def test_an_image_on_which_nothing_is_found_has_no_results():
    assert coco_results(1, 96, 64, [], np.zeros(0), np.zeros((0, 4)), np.zeros((0, 4, 2))) == []


def test_enormous_predictions_are_scored_like_any_other():
    wild = np.array([[-1e6, -1e6], [1e6, -1e6], [1e6, 1e6], [-1e6, 1e6]])
    metrics = Evaluator(one_square()).evaluate(predicted(wild, scores=[0.9]))
    assert metrics["full_image"] == 1.0
    assert metrics["outside"] == 1.0
    assert metrics["mAP50"] == 0.0


@pytest.mark.parametrize("far", [1e3, 1e6, 1e30, np.inf, np.nan])
def test_an_exploded_prediction_is_a_false_positive_however_far_it_goes(far):
    box = [-far, -far, far, far]
    wild = predicted(SQUARE * far, SQUARE, scores=[0.9, 0.8], boxes=[box, [10, 10, 40, 40]])
    metrics = Evaluator(one_square()).evaluate(json.loads(json.dumps(wild, allow_nan=False)))
    assert [metrics[key] for key in ("mAP50", "ring_mAP50", "box_mAP50")] == pytest.approx([0.5] * 3)
    assert metrics["outside"] == 1.0
    assert metrics["full_image"] == 0.0


def test_what_lies_on_a_crowd_is_neither_right_nor_wrong():
    coco = one_square()
    counts = [48 * 64, 48 * 64]  # column by column: the right half of the image
    region = {"segmentation": {"size": [64, 96], "counts": counts}, "bbox": [48, 0, 48, 64], "area": 48.0 * 64}
    coco["annotations"].append({"id": 2, "image_id": 1, "category_id": 1, "iscrowd": 1, **region})
    on_crowd = SQUARE + (45, 5)
    metrics = Evaluator(coco).evaluate(predicted(on_crowd, SQUARE, scores=[0.9, 0.8]))
    assert metrics["mAP50_95"] == pytest.approx(1.0)
    assert Evaluator(one_square()).evaluate(predicted(on_crowd, SQUARE, scores=[0.9, 0.8]))["mAP50_95"] < 0.6


def test_classes_are_scored_apart_and_those_without_objects_not_at_all():
    rng = np.random.default_rng(0)
    coco = {"images": [], "annotations": [], "categories": [{"id": 3 * n, "name": str(n)} for n in range(40)]}
    results = []
    for image in range(12):
        coco["images"].append({"id": image, "width": 96, "height": 64})
        for _ in range(3):
            ring = (SQUARE * rng.uniform(0.5, 1.2) + rng.uniform(0, 12, 2)).round(2)
            category, number = 3 * int(rng.integers(30)), len(coco["annotations"]) + 1
            box = [*ring.min(0).tolist(), *np.ptp(ring, axis=0).tolist()]
            about = {"id": number, "image_id": image, "category_id": category, "iscrowd": 0, "area": area(ring)}
            coco["annotations"].append({**about, "bbox": box, "segmentation": [ring.ravel().tolist()]})
            guessed = 3 * int(rng.integers(40)) if rng.random() < 0.3 else category
            seen = predicted(ring + rng.normal(0, 2, ring.shape), scores=[rng.random()], image=image)
            results += [{**result, "category_id": guessed} for result in seen]
    metrics = Evaluator(coco).evaluate(results)
    for prefix, iou_type in (("", "segm"), ("box_", "bbox")):
        expected = coco_eval(coco, results, iou_type)
        assert [metrics[prefix + key] for key in ("mAP50_95", "mAP50", "mAP75")] == expected[:3].tolist()
    assert 0 < metrics["mAP50_95"] < 1
