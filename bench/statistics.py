"""Comparisons a reviewer would accept. The unit is the difference between two runs with the same seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
_EXACT_UP_TO = 30
"""Seeds up to which every sign flip is counted; beyond, scipy draws them."""
_MOST_SEEDS = 10_000
_ROUNDING = 1e-12


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
        seeds_to_decide: the number of seeds at which an interval about this mean, with this sd, would leave out zero;
            None when there is no telling.
    """

    by_seed: Mapping[int, float]
    mean: float
    sd: float
    interval: tuple[float, float] | None
    p_value: float | None
    decided: bool
    seeds_to_decide: int | None

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.by_seed)


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
        return PairedDifference(by_seed, float(values[0]) if n else math.nan, math.nan, None, None, False, None)
    mean, p_value = float(values.mean()), sign_flip_p(values)
    if np.ptp(values) <= _ROUNDING * np.abs(values).max():
        return PairedDifference(by_seed, mean, 0.0, None, p_value, False, None)
    sd = float(values.std(ddof=1))
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sd / math.sqrt(n)
    interval = (mean - half, mean + half)
    decided = interval[0] > 0 or interval[1] < 0
    return PairedDifference(by_seed, mean, sd, interval, p_value, decided, seeds_to_decide(mean, sd, confidence))


def sign_flip_p(differences: Sequence[float] | np.ndarray) -> float:
    """Return the two-sided p-value of the sign-flip permutation test: that the differences are symmetric about zero.

    It is the share of all 2ⁿ choices of signs whose sum is at least as far from zero as the one that was seen, exact
    for up to 30 differences. With n of them it cannot be under 2 / 2ⁿ: with three seeds not under 0.25.

    Source: Fisher 1935, The Design of Experiments, section 21.
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) > _EXACT_UP_TO:
        drawn = stats.permutation_test(
            (values,), np.mean, permutation_type="samples", random_state=np.random.default_rng(0)
        )
        return float(drawn.pvalue)
    seen = abs(values.sum()) - _ROUNDING * np.abs(values).sum()
    if seen <= 0:
        return 1.0
    # Each sum is one of the first half's plus one of the second's: 2 · 2ⁿᐟ² sums to sort instead of 2ⁿ to look at.
    middle = len(values) // 2
    first, second = _signed_sums(values[:middle]), np.sort(_signed_sums(values[middle:]))
    above = len(second) - np.searchsorted(second, seen - first, side="left")
    return float(2 * above.sum() / 2 ** len(values))  # the sums are symmetric about zero


def seeds_to_decide(mean: float, sd: float, confidence: float = CONFIDENCE) -> int | None:
    """Return the least n at which `mean ± t(n - 1) sd / √n` leaves out zero.

    A plan, not a promise: if mean and sd are the true ones, a study of that size decides about every second time
    (power 0.5), since its own mean falls short of the true one as often as not. None when no number up to 10,000 would
    do, when the mean is zero, or when there is no spread to plan with.
    """
    if not sd > 0 or mean == 0:
        return None
    enough = abs(mean) > _half_widths(confidence) * sd
    return int(enough.argmax()) + 2 if enough.any() else None


def t_p_value(difference: PairedDifference) -> float | None:
    """Return the two-sided p-value of the paired t-test behind the interval; None where there is no interval."""
    if difference.interval is None:
        return None
    n = difference.n
    return float(2 * stats.t.sf(abs(difference.mean) / (difference.sd / math.sqrt(n)), n - 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.

    Raises:
        ValueError: one is no p-value.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values lie between 0 and 1, not {list(p_values)}")
    ranking = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[ranking] = np.maximum.accumulate(p[ranking] * np.arange(len(p), 0, -1)).clip(max=1)
    return adjusted.tolist()


def rate_interval(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Wilson interval of a rate of `k` in `n`; (0, 1) when n is 0.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if n == 0:
        return 0.0, 1.0
    interval = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


@lru_cache(maxsize=8)
def _half_widths(confidence: float) -> np.ndarray:
    """Return half the width of the t-interval of 2, 3, ... values whose standard deviation is 1."""
    counts = np.arange(2, _MOST_SEEDS + 1)
    return stats.t.ppf((1 + confidence) / 2, counts - 1) / np.sqrt(counts)


def _signed_sums(values: np.ndarray) -> np.ndarray:
    """Return the sums of the values under every choice of signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums
