"""Which images are followed, and what is kept of them."""

from __future__ import annotations

import pytest

from bench.evaluation.samples import BEST, SAMPLES, sample_ids, sampled


@pytest.mark.parametrize("count", [1, 3, SAMPLES, SAMPLES + 1, 100])
def test_images_are_spread_over_the_split(count):
    ids = sample_ids({"images": [{"id": 7 * number} for number in reversed(range(count))]})
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
