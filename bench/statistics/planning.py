"""How many seeds, and what they can show: the power of the paired t-test."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import optimize, stats

_MOST_SEEDS = 10_000


def seeds_to_decide(mean: float, sd: float, confidence: float = 0.95) -> int | None:
    """Return the least n at which `mean ± t(n - 1) sd / √n` leaves out zero.

    A plan, not a promise: if mean and sd are the true ones, a study of that size decides about every second time
    (power 0.5), since its own mean falls short of the true one as often as not. None when no number up to 10,000 would
    do, when the mean is zero, or when there is no spread to plan with.
    """
    if not sd > 0 or mean == 0:
        return None
    enough = abs(mean) > _half_widths(confidence) * sd
    return int(enough.argmax()) + 2 if enough.any() else None


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


def minimum_detectable(sd: float, n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the least true difference that the paired t-test of n seeds finds with the given power.

    Args:
        sd: of the difference over seeds.
        n: pairs; infinite with fewer than two.
        alpha: level of the test.
        power: chance to find it, above alpha and under 1.

    Raises:
        ValueError: sd, alpha or power is out of range.
    """
    _check(sd, alpha)
    if not alpha < power < 1:
        raise ValueError(f"power lies between alpha ({alpha}) and 1, not {power}")
    if n < 2:
        return math.inf
    most = 1.0
    while _power(most, n, alpha) < power:
        most *= 2
    return float(optimize.brentq(lambda shift: _power(shift, n, alpha) - power, 0, most)) * sd / math.sqrt(n)


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
def _half_widths(confidence: float) -> np.ndarray:
    """Return half the width of the t-interval of 2, 3, ... values whose standard deviation is 1."""
    counts = np.arange(2, _MOST_SEEDS + 1)
    return stats.t.ppf((1 + confidence) / 2, counts - 1) / np.sqrt(counts)
