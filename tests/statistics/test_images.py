"""What limits the precision, in made-up runs whose seeds and images contribute what they were told to."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.statistics import precision_limit

IMAGES, DRAWS = 400, 400


def runs(seeds, seed_sd=0.0, image_sd=0.0, interaction_sd=0.0, effect=0.02):
    """Return two strategies' bootstraps: means over images of a score that depends on seed, image and both.

    In the first strategy alone, a seed's share has a standard deviation of `seed_sd`, an image's mean over images of
    `image_sd`, and a seed's own mean over images of `interaction_sd`.
    """
    rng = np.random.default_rng(0)
    weights = rng.multinomial(IMAGES, np.full(IMAGES, 1 / IMAGES), DRAWS) / IMAGES
    shared, base = rng.normal(0, image_sd * IMAGES**0.5, IMAGES), rng.normal(0.5, 0.3, IMAGES)
    own = rng.normal(0, interaction_sd * IMAGES**0.5, (seeds, IMAGES))
    scores = base + effect + shared + own + rng.normal(0, seed_sd, (seeds, 1))
    return {s: weights @ scores[s] for s in range(seeds)}, {s: weights @ base for s in range(seeds)}


def test_each_error_is_what_was_put_in():
    found = precision_limit(*runs(40, seed_sd=0.02, image_sd=0.01))
    assert found.se_seeds == pytest.approx(0.02 / math.sqrt(40), rel=0.3)
    assert found.se_images == pytest.approx(0.01, rel=0.15)
    assert found.n_seeds == 40


def test_what_both_strategies_share_on_an_image_is_no_error():
    """The base varies by 0.3 from image to image, 0.015 in the mean."""
    found = precision_limit(*runs(10, seed_sd=0.001, image_sd=0.001))
    assert found.se_images == pytest.approx(0.001, rel=0.3)


@pytest.mark.parametrize(
    ("seed_sd", "image_sd", "limit"),
    [(0.002, 0.02, "validation set"), (0.06, 0.001, "seeds"), (0.04, 0.01, "both")],
)
def test_the_greater_error_limits(seed_sd, image_sd, limit):
    found = precision_limit(*runs(16, seed_sd, image_sd))
    assert found.limited_by == limit


def test_more_seeds_do_not_help_against_few_images():
    few, many = (precision_limit(*runs(n, seed_sd=0.01, image_sd=0.01)) for n in (4, 64))
    assert many.se_images == pytest.approx(few.se_images, rel=0.1)
    assert many.se_seeds < few.se_seeds / 2
    assert many.limited_by == "validation set"


def test_chance_in_single_runs_on_single_images_is_in_both_alike():
    """It is not what more images alone would cure: more seeds do as well."""
    few, many = (precision_limit(*runs(n, interaction_sd=0.02)) for n in (16, 64))
    for found in (few, many):
        assert found.se_images == pytest.approx(found.se_seeds, rel=0.4)
        assert found.limited_by == "both"
    assert many.se_images == pytest.approx(few.se_images / 2, rel=0.2)


def test_only_seeds_that_both_have_count():
    a, b = runs(5, seed_sd=0.01, image_sd=0.01)
    missing = {seed: vector for seed, vector in b.items() if seed != 2} | {9: b[0]}
    found = precision_limit(a, missing)
    assert found.n_seeds == 4
    assert found == precision_limit({seed: a[seed] for seed in (0, 1, 3, 4)}, b)


def test_resamples_without_an_object_are_left_out():
    a, b = runs(5, seed_sd=0.01, image_sd=0.01)
    holes = {seed: np.append(vector, np.nan) for seed, vector in a.items()}
    assert precision_limit(holes, {seed: np.append(vector, np.nan) for seed, vector in b.items()}) == precision_limit(
        a, b
    )
    as_json = [{seed: [*vector.tolist(), None] for seed, vector in vectors.items()} for vectors in (a, b)]
    assert precision_limit(*as_json) == precision_limit(a, b)
    nothing = {seed: np.full(10, np.nan) for seed in range(3)}
    assert precision_limit(nothing, nothing).limited_by == "unknown"


@pytest.mark.parametrize("seeds", [0, 1])
def test_one_seed_and_none_do_not_tell(seeds):
    found = precision_limit(*runs(seeds, image_sd=0.01))
    assert found.limited_by == "unknown"
    assert math.isnan(found.se_seeds)
    assert math.isnan(found.se_images) == (seeds == 0)


def test_no_spread_at_all_does_not_tell_either():
    a, b = runs(3)
    assert precision_limit(a, b).limited_by == "unknown"
    one_image = {seed: np.full(50, 0.1 * seed) for seed in range(3)}
    assert precision_limit(one_image, {seed: np.zeros(50) for seed in range(3)}).limited_by == "unknown"


def test_resamples_must_be_the_same():
    with pytest.raises(ValueError, match="same resamples"):
        precision_limit({0: np.zeros(200)}, {0: np.zeros(100)})
