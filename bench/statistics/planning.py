"""How many seeds, and what they can show: the power of the paired t-test."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import special, stats

from bench.statistics.sequential import Looks, nominal_level

_MOST_SEEDS = 10_000
MOST_LOOKS = 200
"""Seeds that a plan with looks goes up to: what further looks cost has to be counted, some 15 ms each."""


def seeds_to_decide(mean: float, sd: float, alpha: float = 0.05, after: int = 0, looks: Looks = None) -> int | None:
    """Return the least n at which a paired t-test of n pairs with this mean and sd finds a difference.

    A plan, not a promise: if mean and sd are the true ones, a study of that size decides about every second time
    (power 0.5), since its own mean falls short of the true one as often as not.

    Args:
        mean: of the differences.
        sd: their standard deviation (n - 1).
        alpha: level of the test; without looks, `mean ± t(n - 1) sd / √n` of 1 - alpha leaves out zero.
        after: pairs that there are already: n is more.
        looks: what the verdict pays for; a plan beyond the last look pays for those up to it too.

    Returns:
        None when no number up to `most_seeds` would do, as when the mean is zero, or when there is no spread to plan
        with.
    """
    if not sd > 0 or mean == 0:
        return None
    least = max(2, after + 1)
    if looks is None:
        enough = abs(mean) > _half_widths(alpha)[least - 2 :] * sd
        return least + int(enough.argmax()) if enough.any() else None
    return _seeds_over_looks(abs(mean) / sd, alpha, least, looks)


def most_seeds(looks: Looks) -> int:
    """Return up to how many pairs `seeds_to_decide` looks for a number that would do."""
    return _MOST_SEEDS if looks is None else max(MOST_LOOKS, looks[1])


def _seeds_over_looks(effect: float, alpha: float, least: int, looks: tuple[int, int]) -> int | None:
    """Return the least n from `least` on at which an effect, in standard deviations, is found after the correction."""
    counts = np.arange(least, most_seeds(looks) + 1)
    p_values = 2 * special.stdtr(counts - 1, -effect * np.sqrt(counts))
    # The level falls with every look beyond the last: what does not pass the last one's passes none after it.
    bar = nominal_level(max(2, looks[1]), looks, alpha)
    for n, p in zip(counts.tolist(), p_values.tolist(), strict=True):
        if p < bar and p < nominal_level(n, looks, alpha):
            return n
    return None


def power(mean: float, sd: float, n: int, alpha: float = 0.05) -> float:
    """Return the chance that the two-sided paired t-test of n seeds finds a difference.

    Args:
        mean: the true difference.
        sd: of the difference over seeds.
        n: pairs; 0 with fewer than two, which decide nothing.
        alpha: level of the test; for the verdicts of a table of m strategies, Holm asks for one between α/m and α.

    Returns:
        From the noncentral t-distribution (Student's test of normal differences); `alpha` where the mean is 0.

    Raises:
        ValueError: sd is not positive, or alpha not between 0 and 1.
    """
    _check(sd, alpha)
    return _power(abs(mean) / sd * math.sqrt(n), n, alpha) if n > 1 else 0.0


def _power(shift: float, n: int, alpha: float) -> float:
    """Return the power at a noncentrality of `shift`, the true mean in standard errors."""
    critical = stats.t.isf(alpha / 2, n - 1)
    # The wrong side is asked for in its mirror image: of `cdf(-critical, n - 1, shift)` scipy makes NaN from 5 on.
    return float(stats.nct.sf(critical, n - 1, shift) + stats.nct.sf(critical, n - 1, -shift))


def _check(sd: float, alpha: float) -> None:
    if not sd > 0:
        raise ValueError(f"sd must be positive, not {sd}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not {alpha}")


@lru_cache(maxsize=8)
def _half_widths(alpha: float) -> np.ndarray:
    """Return half the width of the t-interval of 2, 3, ... values whose standard deviation is 1."""
    counts = np.arange(2, _MOST_SEEDS + 1)
    return stats.t.isf(alpha / 2, counts - 1) / np.sqrt(counts)
