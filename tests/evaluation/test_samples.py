"""Which images are followed, and what is kept of them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.evaluation.samples import BEST, SAMPLES, best_per_image, followed, sample_ids, sampled
from datasets import Image, Object, Split

RING = [0.0, 0.0, 4.0, 0.0, 4.0, 4.0]


def split(counts, every=7):
    """Return images with so many objects each."""
    images = tuple(
        Image(every * number, Path(f"{number}.png"), 9, 9, (Object(0, None),) * count)
        for number, count in enumerate(counts)
    )
    return Split("val", images, {"images": [{"id": image.id} for image in reversed(images)]})


@pytest.mark.parametrize("count", [1, 3, SAMPLES, SAMPLES + 1, 100])
def test_images_are_spread_over_the_split(count):
    val = split([1] * count)
    ids = sample_ids(val.coco)
    assert [image.id for image in followed(val)] == ids
    assert len(ids) == len(set(ids)) == min(SAMPLES, count)
    assert ids == sorted(ids)
    assert ids[0] == 0
    assert ids[-1] >= 7 * (count - 1 - count / SAMPLES)


def test_the_best_of_each_image_are_kept_and_of_no_other():
    results = [
        {"image_id": image, "score": score / 100} for score in range(2 * BEST) for image in (1, 2, 3) if image != 2
    ]
    found = sampled(results, [3, 2, 1])
    assert [one["image_id"] for one in found] == [3] * BEST + [1] * BEST
    assert [one["score"] for one in found[:BEST]] == sorted((one["score"] for one in found[:BEST]), reverse=True)
    assert found[0]["score"] == max(one["score"] for one in results)


def test_the_images_that_runs_on_record_kept_predictions_of_stay_the_ones_that_are_shown():
    assert sample_ids(split([1] * 64, every=1).coco) == [0, 8, 16, 24, 32, 40, 48, 56]
    assert sample_ids(split([1] * 20, every=1).coco) == [0, 2, 5, 7, 10, 12, 15, 17]


results = st.builds(
    lambda image_id, score, ring: {"image_id": image_id, "score": score, "ring": ring},
    st.integers(-1, 4),
    st.sampled_from([0.1, 0.5, 0.5, 0.9, math.nan, math.inf]),
    st.sampled_from([RING, RING, []]),
)


@given(st.lists(results, max_size=30), st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_as_many_as_there_are_objects_are_shown_and_they_are_the_best(predicted, counts):
    images = split(counts, every=1).images
    best = best_per_image(predicted, images)
    assert list(best) == [image.id for image in images]
    for image in images:
        own = [one for one in predicted if one["image_id"] == image.id]
        able = [one for one in own if math.isfinite(one["score"]) and one["ring"]]
        shown = best[image.id]
        assert len(shown) == min(len(able), max(1, len(image.objects)))
        assert [one["score"] for one in shown] == sorted((one["score"] for one in able), reverse=True)[: len(shown)]
        assert all(any(one is other for other in able) for one in shown)


@pytest.mark.parametrize("broken", [[[1, 2]], [{"image_id": 0}], [{"image_id": 0, "score": "high", "ring": RING}]])
def test_what_something_else_wrote_is_an_error_that_galleries_know(broken):
    with pytest.raises((KeyError, TypeError, ValueError)):
        best_per_image(broken, split([1]).images)
