"""How often something happens: intervals and exact tests of `k` in `n`."""

from __future__ import annotations

from functools import lru_cache

from scipy import special, stats


@lru_cache(maxsize=4096)
def rate_interval(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a rate of `k` in `n`; (0, 1) when n is 0.

    It covers the true rate at least that often, whatever the rate, and agrees with `rate_p_values`.

    Args:
        k: how often it happened.
        n: how often it could have.
        confidence: of the interval.

    Source: Clopper & Pearson 1934, The use of confidence or fiducial limits illustrated in the case of the binomial.

    Raises:
        ValueError: k is not between 0 and n.
    """
    if n == 0:
        return 0.0, 1.0
    interval = stats.binomtest(k, n).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


def rate_p_values(k: int, n: int, low: float, high: float) -> tuple[float, float]:
    """Return the p-values for and against a rate lying in the open region (low, high).

    Each is twice that of a one-sided exact binomial test, so that it agrees with the Clopper-Pearson interval of 1 - α:
    the first is at most α exactly when the interval lies inside the region, the second exactly when it lies wholly
    outside. A bound under 0 or above 1 is none. One at 0 or at 1 leaves that very rate out of the region: that the rate
    is above 0 is certain once the event has happened, and cannot be shown before.

    Args:
        k: how often it happened.
        n: how often it could have.
        low: of the region; -inf for none.
        high: likewise; inf for none.

    Returns:
        (p_support, p_refute): small where the rate is shown to lie inside, and outside. Both 1 when n is 0.

    Raises:
        ValueError: k is not between 0 and n, or no rate lies in the region.
    """
    _check(k, n)
    if not (low < high and low < 1 and high > 0):
        raise ValueError(f"no rate lies between {low} and {high}")
    if n == 0:
        return 1.0, 1.0
    not_above = special.bdtrc(k - 1, n, low) if low >= 0 else 0.0  # the chance of so many at a rate of `low`
    not_below = special.bdtr(k, n, high) if high <= 1 else 0.0
    under = special.bdtr(k, n, low) if low >= 0 else 1.0
    over = special.bdtrc(k - 1, n, high) if high <= 1 else 1.0
    return min(1.0, 2 * float(max(not_above, not_below))), min(1.0, 2 * float(min(under, over)))


def _check(k: int, n: int) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"a count lies between 0 and n, not {k} of {n}")
