"""The difference of two strategies, paired by seed, and Student's t about its mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special, stats

from bench.statistics.equality import all_equal
from bench.statistics.sign_flip import sign_flip_p

CONFIDENCE = 0.95


@dataclass(frozen=True)
class PairedDifference:
    """A minus B, paired by seed.

    Attributes:
        by_seed: every seed's difference.
        mean: of the differences; NaN without a pair.
        sd: their standard deviation (n - 1); NaN with fewer than two.
        interval: Student's t-interval of the mean; None with fewer than two pairs, and where all differences are equal:
            that they have no spread at all says nothing of how far the next seed would be.
        p_value: sign-flip permutation test, two-sided; None with fewer than two pairs.
        decided: whether the interval leaves out zero.
    """

    by_seed: Mapping[int, float]
    mean: float
    sd: float
    interval: tuple[float, float] | None
    p_value: float | None
    decided: bool

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.by_seed)

    @property
    def constant(self) -> bool:
        """Whether there are several pairs, all with the same difference: no number of such pairs has an interval."""
        return self.n > 1 and self.interval is None


def paired_difference(
    a: Mapping[int, float], b: Mapping[int, float], confidence: float = CONFIDENCE
) -> PairedDifference:
    """Compare two strategies over the seeds both have.

    Args:
        a: figure by seed.
        b: figure by seed of what it is compared with.
        confidence: of the interval.

    Raises:
        ValueError: a figure is not finite. Leaving it out is the caller's decision, to be told to the reader.
    """
    by_seed = {seed: float(a[seed] - b[seed]) for seed in sorted(a.keys() & b.keys())}
    values = np.array(list(by_seed.values()), dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"differences must be finite, not {by_seed}")
    n = len(values)
    if n < 2:
        return PairedDifference(by_seed, float(values[0]) if n else math.nan, math.nan, None, None, False)
    mean, p_value = float(values.mean()), sign_flip_p(values)
    if all_equal(values):
        return PairedDifference(by_seed, mean, 0.0, None, p_value, False)
    sd = float(values.std(ddof=1))
    half = _quantile((1 + confidence) / 2, n - 1) * sd / math.sqrt(n)
    interval = (mean - half, mean + half)
    decided = interval[0] > 0 or interval[1] < 0
    return PairedDifference(by_seed, mean, sd, interval, p_value, decided)


def t_p_value(difference: PairedDifference) -> float | None:
    """Return the two-sided p-value of the paired t-test behind the interval; None where there is no interval."""
    if difference.interval is None:
        return None
    n = difference.n
    return float(2 * special.stdtr(n - 1, -abs(difference.mean) / (difference.sd / math.sqrt(n))))


def mean_p_values(values: Sequence[float] | np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Return the p-values for and against the mean lying in the open region (low, high).

    Each is twice that of a one-sided t-test, so that it agrees with the t-interval of 1 - α: the first is at most α
    exactly when the interval lies inside the region (two one-sided tests, Schuirmann 1987), the second exactly when it
    lies wholly outside.

    Args:
        values: (n,), differences or any other figure by seed.
        low: -inf for a region without a lower bound.
        high: inf for one without an upper.

    Returns:
        (p_support, p_refute): small where the mean is shown to lie inside, and outside. Both 1 where there is no
        interval: with fewer than two values, or none of them different from the rest.

    Raises:
        ValueError: a value is not finite, or the region is empty.
    """
    if not low < high:
        raise ValueError(f"no number lies between {low} and {high}")
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"values must be finite, not {values.tolist()}")
    n = len(values)
    if n < 2 or all_equal(values):
        return 1.0, 1.0
    se = values.std(ddof=1) / math.sqrt(n)
    above, below = (values.mean() - low) / se, (values.mean() - high) / se
    not_above, not_below = special.stdtr(n - 1, -above), special.stdtr(n - 1, below)
    under, over = special.stdtr(n - 1, above), special.stdtr(n - 1, -below)
    return min(1.0, 2 * float(max(not_above, not_below))), min(1.0, 2 * float(min(under, over)))


@lru_cache(maxsize=256)
def _quantile(probability: float, freedom: int) -> float:
    return float(stats.t.ppf(probability, freedom))
