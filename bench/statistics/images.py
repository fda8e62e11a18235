"""Whether the seeds or the validation images limit how well a difference is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.statistics.equality import all_equal

Vector = NDArray[np.floating] | Sequence[float | None]

RATIO = 1.5
"""One standard error limits alone when it is this many times the other."""


@dataclass(frozen=True)
class ImagePrecision:
    """Two standard errors of one mean paired difference: over other seeds, and over other validation images.

    `se_seeds` is of the mean that all seeds would have on *these* images; more seeds shrink it as 1 / √n. `se_images`
    is of the mean that *these* seeds would have on all images; every seed is scored on the same images, so that more
    seeds leave most of it as it is, and only more images shrink it. What a single model gets right on a single image by
    chance is in both (in `se_images` divided by n as well): where there is nothing else, the two come out alike, and
    `se_images` much above `se_seeds` shows an error that no number of seeds removes. The verdicts' intervals
    hold for these images: they rest on `se_seeds` alone. For other images, √(se_seeds² + se_images²) is never too small
    and at most √2 times too large. A spread over few seeds is rough itself (over 3 seeds, off by a factor of 2 now and
    then), and so is what limits.

    Attributes:
        se_images: sd over resamples of the images of the mean difference over seeds; NaN when it cannot be told.
        se_seeds: sd of the seeds' differences over √n; NaN when it cannot be told.
        limited_by: what to have more of: `validation set` or `seeds` where its error is over `RATIO` times the other,
            `both` where neither is, `unknown` where one is NaN.
        n_seeds: pairs they are from.
    """

    se_images: float
    se_seeds: float
    limited_by: Literal["validation set", "seeds", "both", "unknown"]
    n_seeds: int


def precision_limit(bootstraps_a: Mapping[int, Vector], bootstraps_b: Mapping[int, Vector]) -> ImagePrecision:
    """Return what limits the precision of the mean of A minus B over the seeds both have.

    Args:
        bootstraps_a: by seed, a run's figure on every resample of the images, (draws,), as `image_bootstrap` returns
            it; every run's from the same resamples, so that their difference is the paired bootstrap of the difference.
            Resamples that a figure is NaN on, or None as JSON has it, are left out.
        bootstraps_b: likewise of what A is compared with.

    Raises:
        ValueError: the vectors differ in length.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 6; the split into what seeds and what
    test examples contribute as in Bouthillier et al. 2021, Accounting for variance in machine learning benchmarks.
    """
    seeds = sorted(bootstraps_a.keys() & bootstraps_b.keys())
    lengths = {len(vectors[seed]) for vectors in (bootstraps_a, bootstraps_b) for seed in seeds}
    if len(lengths) > 1:
        raise ValueError(f"bootstraps must be of the same resamples, not of {sorted(lengths)} draws")
    if not seeds:
        return ImagePrecision(math.nan, math.nan, "unknown", 0)
    a, b = (np.array([vectors[seed] for seed in seeds], dtype=np.float64) for vectors in (bootstraps_a, bootstraps_b))
    by_seed = a - b
    by_seed = by_seed[:, np.isfinite(by_seed).all(0)]  # (seeds, draws)
    se_images = _spread(by_seed.mean(0))
    se_seeds = _spread(by_seed.mean(1)) / math.sqrt(len(seeds)) if by_seed.size else math.nan
    return ImagePrecision(se_images, se_seeds, _limit(se_images, se_seeds), len(seeds))


def _limit(se_images: float, se_seeds: float) -> Literal["validation set", "seeds", "both", "unknown"]:
    if math.isnan(se_images) or math.isnan(se_seeds):
        return "unknown"
    if se_images > RATIO * se_seeds:
        return "validation set"
    return "seeds" if se_seeds > RATIO * se_images else "both"


def _spread(values: NDArray[np.float64]) -> float:
    """Return the standard deviation; NaN where there is none: equal values do not tell how far the next would be."""
    if len(values) < 2 or all_equal(values):
        return math.nan
    return float(values.std(ddof=1))
