"""The image-level bootstrap against pycocotools, run on data sets whose images are there several times."""

from __future__ import annotations

import contextlib
import copy
import io
import math
import time

import numpy as np
import pytest

import datasets
from bench.evaluation.average_precision import average_precision, load_truth, matched
from bench.evaluation.bootstrap import image_bootstrap, resampled_map, resamples
from bench.statistics import precision_limit
from tests.evaluation.test_average_precision import shaken

WIDTH, HEIGHT = 96, 64


def rectangle(rng):
    size = rng.uniform(8, 30, 2)
    return np.concatenate((rng.uniform(0, (WIDTH, HEIGHT) - size), size))


def shape(box):
    x, y, w, h = (float(number) for number in box)
    polygon = [x, y, x + w, y, x + w, y + h, x, y + h]
    return {"bbox": [x, y, w, h], "segmentation": [polygon], "area": w * h}


def random_data(seed, images=12, categories=4, crowds=0.2, ties=False):
    """Return annotations and results: hits of every quality, false alarms, doubles, crowds, images without anything."""
    rng = np.random.default_rng(seed)
    coco = {"images": [], "annotations": [], "categories": [{"id": 3 * c, "name": str(c)} for c in range(categories)]}
    results = []
    for image in rng.permutation(3 * images)[:images].tolist():
        coco["images"].append({"id": image, "width": WIDTH, "height": HEIGHT})
        for _ in range(rng.integers(0, 5)):
            box, category = rectangle(rng), 3 * int(rng.integers(categories - 1))
            about = {"id": len(coco["annotations"]) + 1, "image_id": image, "category_id": category}
            coco["annotations"].append({**about, "iscrowd": int(rng.random() < crowds), **shape(box)})
            for _ in range(rng.integers(0, 3)):
                moved = box + rng.normal(0, rng.choice([0.3, 1.5, 4.0]), 4)
                moved[2:] = moved[2:].clip(4)
                guessed = category if rng.random() < 0.8 else 3 * int(rng.integers(categories))
                results.append({"image_id": image, "category_id": guessed, **shape(moved)})
        for _ in range(rng.integers(0, 3)):
            category = 3 * int(rng.integers(categories))
            results.append({"image_id": image, "category_id": category, **shape(rectangle(rng))})
    scores = rng.choice([0.2, 0.5, 0.9], len(results)) if ties else rng.permutation(len(results)) / len(results)
    return coco, [{**result, "score": float(score)} for result, score in zip(results, scores, strict=True)]


def resampled_data(coco, results, counts):
    """Return the data set with each image (in the order of ids) as often as `counts` says, every copy an own image."""
    images = sorted(coco["images"], key=lambda image: image["id"])
    many, found = {**coco, "images": [], "annotations": []}, []
    for image, count in zip(images, counts, strict=True):
        for _ in range(count):
            new = {"image_id": len(many["images"]) + 1}
            many["images"].append({**image, "id": new["image_id"]})
            for item in coco["annotations"]:
                if item["image_id"] == image["id"]:
                    copied = copy.deepcopy(item) | new | {"id": len(many["annotations"]) + 1}
                    many["annotations"].append(copied)
            found += [{**copy.deepcopy(one), **new} for one in results if one["image_id"] == image["id"]]
    return many, found


def accumulated(evaluation):
    """Return mAP50-95 as pycocotools itself has it."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.accumulate()
    precision = evaluation.eval["precision"]
    return precision[precision > -1].mean()


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_each_image_once_is_cocoevals_ap(seed, ties):
    coco, results = random_data(seed, ties=ties)
    evaluation = matched(load_truth(coco), results, "segm")
    once = np.ones((1, len(coco["images"])), dtype=np.int64)
    found = resampled_map(evaluation, once)[0]
    assert found == pytest.approx(accumulated(evaluation), abs=1e-12)
    assert found == pytest.approx(average_precision(load_truth(coco), results, "segm")["mAP50_95"], abs=1e-12)
    assert 0 < found < 1


@pytest.mark.parametrize("crowds", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(6))
def test_an_image_drawn_twice_is_two_images(seed, crowds):
    coco, results = random_data(seed, crowds=crowds)
    counts = resamples(f"data {seed}", len(coco["images"]), 4)
    found = image_bootstrap(coco, results, f"data {seed}", draws=4)
    for row, figure in zip(counts, found, strict=True):
        many, again = resampled_data(coco, results, row)
        assert figure == pytest.approx(average_precision(load_truth(many), again, "segm")["mAP50_95"], abs=1e-9)
    assert len(set(found)) == 4


def test_a_category_that_is_not_drawn_is_not_scored():
    coco, results = random_data(3, images=4, crowds=0.0)
    held = {item["category_id"] for item in coco["annotations"]}
    images = sorted(image["id"] for image in coco["images"])
    fewer = 0
    for chosen in range(4):
        counts = 4 * np.eye(1, 4, chosen, dtype=np.int64)
        many, again = resampled_data(coco, results, counts[0])
        present = {item["category_id"] for item in coco["annotations"] if item["image_id"] == images[chosen]}
        fewer += 0 < len(present) < len(held)
        expected = average_precision(load_truth(many), again, "segm")["mAP50_95"] if again else math.nan
        found = resampled_map(matched(load_truth(coco), results, "segm"), counts)[0]
        assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)
    assert fewer


def test_without_an_object_there_is_no_figure_and_without_results_it_is_zero():
    coco, results = random_data(0, images=3)
    coco["annotations"] = [item for item in coco["annotations"] if not item["iscrowd"]][:1]
    held = sorted(image["id"] for image in coco["images"]).index(coco["annotations"][0]["image_id"])
    drawn = resamples("x", 3, 50)[:, held] > 0
    assert 0 < drawn.sum() < 50
    assert (np.isfinite(image_bootstrap(coco, results, "x", 50)) == drawn).all()
    nothing = image_bootstrap(coco, [], "x", 50)
    assert (np.isnan(nothing) == ~drawn).all()
    assert (nothing[drawn] == 0).all()
    assert np.isnan(image_bootstrap({**coco, "annotations": []}, results, "x", 5)).all()


def test_the_fingerprint_alone_fixes_the_resamples():
    assert (resamples("a", 64) == resamples("a", 64)).all()
    assert (resamples("a", 64, 50) == resamples("a", 64, 200)[:50]).all()
    assert (resamples("a", 64) != resamples("b", 64)).any()
    first = [[1, 1, 1, 1, 1], [1, 3, 1, 0, 0], [1, 1, 2, 1, 0]]
    assert resamples("stored vectors rest on this", 5, 3).tolist() == first


def test_a_resample_has_as_many_images_and_each_is_as_likely():
    counts = resamples("a", 50, 4000)
    assert (counts.sum(1) == 50).all()
    assert counts.mean(0) == pytest.approx(np.ones(50), abs=0.07)  # four standard errors of 1 / √4000
    assert counts.var(0).mean() == pytest.approx(1 - 1 / 50, rel=0.03)


def test_data_are_left_as_they_were():
    coco, results = random_data(1)
    before = copy.deepcopy((coco, results))
    first = image_bootstrap(coco, results, "x", 20)
    assert (coco, results) == before
    assert (image_bootstrap(coco, results, "x", 20) == first).all()


def test_the_same_run_twice_differs_on_no_resample_and_the_difference_varies_less_than_either():
    data = datasets.load("documents")
    better, worse = shaken(data, 0), [dict(one) for one in shaken(data, 0)]
    for one in worse[::9]:
        one["score"] = 0.0
    a, b = (image_bootstrap(data.val.coco, results, data.fingerprint) for results in (better, worse))
    assert (image_bootstrap(data.val.coco, better, data.fingerprint) - a == 0).all()
    assert (a - b).std() < min(a.std(), b.std())
    found = precision_limit({0: a, 1: a + 0.01}, {0: b, 1: b})
    assert found.se_images == pytest.approx((a - b).std(ddof=1))


def test_the_spread_is_that_of_new_images():
    """The bootstrap's standard deviation over draws is what AP varies by over data sets of other images."""
    figures, spreads = [], []
    for seed in range(40):
        coco, results = random_data(100 + seed, images=40, categories=2, crowds=0.0)
        vector = image_bootstrap(coco, results, str(seed), 60)
        spreads.append(vector.std(ddof=1))
        figures.append(average_precision(load_truth(coco), results, "segm")["mAP50_95"])
    assert np.mean(spreads) == pytest.approx(np.std(figures, ddof=1), rel=0.35)


def test_64_images_with_100_detections_take_well_under_two_seconds():
    rng = np.random.default_rng(0)
    coco, _ = random_data(0, images=64, categories=2)
    results = [
        {"image_id": image["id"], "category_id": 0, "score": float(rng.random()), **shape(rectangle(rng))}
        for image in coco["images"]
        for _ in range(100)
    ]
    evaluation = matched(load_truth(coco), results, "segm")
    counts = resamples("x", 64)
    start = time.process_time()
    resampled_map(evaluation, counts)
    assert time.process_time() - start < 1
