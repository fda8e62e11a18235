"""Each degenerate shape, on both sides of its threshold."""

from __future__ import annotations

import numpy as np
import pytest

from bench.evaluation import coco_results
from bench.evaluation.degenerate import degenerate_rates

WIDTH, HEIGHT = 100, 80


def box_ring(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=float)


def coco(*rings, images=1):
    annotations = [
        {"id": n + 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": [ring.ravel().tolist()]}
        for n, ring in enumerate(rings)
    ]
    listed = [{"id": n + 1, "width": WIDTH, "height": HEIGHT} for n in range(images)]
    return {"images": listed, "annotations": annotations, "categories": [{"id": 1, "name": "a"}]}


def rates(truth, ring, box=None, score=0.5, image=1):
    ring = np.asarray(ring, dtype=float)
    box = np.array([*ring.min(0), *ring.max(0)]) if box is None else np.array(box, dtype=float)
    results = coco_results(image, WIDTH, HEIGHT, [1], np.array([score]), box[None], ring[None])
    return degenerate_rates(truth, results)


SMALL = box_ring(10, 10, 50, 50)


@pytest.mark.parametrize(
    ("ring", "expected"),
    [
        (box_ring(0, 0, 100, 80), 1.0),
        (box_ring(0, 0, 91, 80), 1.0),
        (box_ring(0, 0, 89, 80), 0.0),
        (box_ring(-1e5, -1e5, 1e5, 1e5), 1.0),
        (box_ring(-50, -50, 40, 200), 0.0),
        (box_ring(20, -500, 1020, 500), 1.0),  # 125 times the image, of which it covers 80 %
        (box_ring(20, -100, 220, 50), 0.0),
        (box_ring(2000, 2000, 4000, 4000), 0.0),
        (box_ring(200, 200, 400, 400), 0.0),
    ],
)
def test_full_image_needs_nine_tenths_of_the_image(ring, expected):
    assert rates(coco(SMALL), ring)["full_image"] == expected


@pytest.mark.parametrize(("width", "expected"), [(79, 1.0), (81, 0.0)])
def test_full_image_spares_objects_that_do_fill_it(width, expected):
    assert rates(coco(box_ring(0, 0, width, HEIGHT)), box_ring(0, 0, 100, 80))["full_image"] == expected


def test_full_image_prefers_the_overlap_to_the_size():
    matched, larger = box_ring(0, 0, 79, HEIGHT), box_ring(19, 0, 100, HEIGHT)
    hull = box_ring(0, 0, 91, HEIGHT)
    assert rates(coco(matched, larger), hull)["full_image"] == 1.0
    assert rates(coco(larger), hull)["full_image"] == 0.0


@pytest.mark.parametrize(("left", "expected"), [(21, 1.0), (19, 0.0)])
def test_full_image_counts_only_what_of_an_object_is_on_the_image(left, expected):
    overhanging = box_ring(left, 0, 300, HEIGHT)
    assert rates(coco(overhanging), box_ring(0, 0, 100, 80))["full_image"] == expected


def test_full_image_looks_at_the_object_it_overlaps_best():
    large, small = box_ring(0, 0, 85, 80), box_ring(90, 0, 95, 5)
    assert rates(coco(small, large), box_ring(0, 0, 100, 80))["full_image"] == 0.0
    assert rates(coco(), box_ring(0, 0, 100, 80))["full_image"] == 1.0


@pytest.mark.parametrize(
    ("ring", "expected"),
    [
        (SMALL, 0.0),
        (SMALL[[0, 2, 1, 3]], 1.0),
        ([[0, 0], [40, 0], [20, 10], [20, 40]], 0.0),
        ([[0, 0], [40, 0], [40, 40], [20, -5]], 1.0),
    ],
)
def test_bow_tie_is_a_ring_that_crosses_itself(ring, expected):
    assert rates(coco(SMALL), ring)["bow_tie"] == expected


@pytest.mark.parametrize(("height", "expected"), [(1.9, 1.0), (2.1, 0.0)])
def test_collapsed_is_a_hull_far_smaller_than_its_own_box(height, expected):
    ring = box_ring(10, 10, 50, 10 + height)
    assert rates(coco(SMALL), ring, box=(10, 10, 50, 50))["collapsed"] == expected


def test_a_point_is_collapsed_whatever_its_box():
    point = np.full((4, 2), 30.0)
    assert rates(coco(SMALL), point, box=(30, 30, 30, 30))["collapsed"] == 1.0
    assert rates(coco(SMALL), point, box=(10, 10, 50, 50))["collapsed"] == 1.0


@pytest.mark.parametrize(("shift", "expected"), [(0, 0.0), (-20, 0.0), (-45, 0.0), (-60, 1.0)])
def test_outside_needs_more_than_half_of_the_vertices(shift, expected):
    ring = box_ring(10, 10, 50, 50) + (shift, 0)
    assert rates(coco(SMALL), ring)["outside"] == expected


def test_three_of_four_vertices_off_the_image_are_outside():
    assert rates(coco(SMALL), [[10, 10], [120, 10], [120, 90], [10, 90]])["outside"] == 1.0
    assert rates(coco(SMALL), [[10, 10], [120, 10], [120, 70], [10, 70]])["outside"] == 0.0


def test_only_the_best_prediction_of_an_image_counts():
    results = [
        *coco_results(
            1, WIDTH, HEIGHT, [1], np.array([0.4]), np.array([[0, 0, 9, 9.0]]), box_ring(0, 0, 100, 80)[None]
        ),
        *coco_results(1, WIDTH, HEIGHT, [1], np.array([0.6]), np.array([[0, 0, 9, 9.0]]), SMALL[None]),
    ]
    assert degenerate_rates(coco(SMALL), results)["full_image"] == 0.0
    assert degenerate_rates(coco(SMALL), results[:1])["full_image"] == 1.0


def test_rates_are_over_all_images():
    found = rates(coco(SMALL, images=4), box_ring(0, 0, 100, 80), image=1)
    assert found == {"full_image": 0.25, "bow_tie": 0, "collapsed": 0, "outside": 0, "no_prediction": 0.75}


def test_points_that_all_coincide_are_collapsed_and_nothing_breaks():
    found = rates(coco(SMALL), np.full((4, 2), 30.0), box=(10, 10, 50, 50))
    assert found["collapsed"] == 1.0
