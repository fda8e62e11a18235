"""Comparisons a reviewer would accept. The unit is the difference between two runs with the same seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
_EXACT_UP_TO = 16
"""Seeds up to which all sign flips are gone through; beyond, scipy draws them."""
_MOST_SEEDS = 10_000


@dataclass(frozen=True)
class PairedDifference:
    """A minus B, paired by seed.

    Attributes:
        by_seed: every seed's difference.
        mean: of the differences; NaN without a pair.
        sd: their standard deviation (n - 1); NaN with fewer than two.
        interval: Student's t-interval of the mean; None with fewer than two pairs.
        p_value: exact sign-flip test, two-sided; None with fewer than two pairs.
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


def paired_difference(
    a: Mapping[int, float], b: Mapping[int, float], confidence: float = CONFIDENCE
) -> PairedDifference:
    """Compare two strategies over the seeds both have.

    Args:
        a: figure by seed.
        b: figure by seed of what it is compared with.
        confidence: of the interval.
    """
    by_seed = {seed: a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())}
    values = np.array(list(by_seed.values()), dtype=np.float64)
    n = len(values)
    if n < 2:
        return PairedDifference(by_seed, float(values[0]) if n else math.nan, math.nan, None, None, False, None)
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    if sd <= 1e-12 * max(abs(mean), 1e-12):  # every seed agrees to the last bit: there is no spread to judge by
        sd = 0.0
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sd / math.sqrt(n)
    interval = (mean - half, mean + half)
    decided = sd > 0 and not interval[0] <= 0 <= interval[1]
    return PairedDifference(
        by_seed, mean, sd, interval, sign_flip_p(values), decided, seeds_to_decide(mean, sd, confidence)
    )


def sign_flip_p(differences: Sequence[float] | np.ndarray) -> float:
    """Return the two-sided p-value of the sign-flip permutation test: that the differences are symmetric about zero.

    Exact for up to 16 differences. With n of them it cannot be under 2 / 2ⁿ: with three seeds not under 0.25.
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) > _EXACT_UP_TO:
        drawn = stats.permutation_test(
            (values,), np.mean, permutation_type="samples", n_resamples=100_000, rng=np.random.default_rng(0)
        )
        return float(drawn.pvalue)
    signs = np.array(list(itertools.product((1, -1), repeat=len(values))))
    sums = np.abs(signs @ values)
    return float((sums >= sums[0] * (1 - 1e-12)).mean())


def seeds_to_decide(mean: float, sd: float, confidence: float = CONFIDENCE) -> int | None:
    """Return the least n at which `mean ± t(n - 1) sd / √n` leaves out zero.

    A plan, not a promise: if mean and sd are the true ones, a study of that size decides about every second time. None
    when no number up to 10,000 would do, or there is no spread to plan with.
    """
    if not sd > 0 or mean == 0:
        return None
    counts = np.arange(2, _MOST_SEEDS + 1)
    enough = abs(mean) > stats.t.ppf((1 + confidence) / 2, counts - 1) * sd / np.sqrt(counts)
    return int(counts[enough.argmax()]) if enough.any() else None


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return adjusted.tolist()


def t_p_value(difference: PairedDifference) -> float | None:
    """Return the two-sided p-value of the paired t-test behind the interval; None with fewer than two pairs."""
    n = len(difference.by_seed)
    if n < 2 or not difference.sd > 0:
        return None
    return float(2 * stats.t.sf(abs(difference.mean) / (difference.sd / math.sqrt(n)), n - 1))


def rate_interval(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Wilson interval of a rate of `k` in `n`."""
    interval = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
