"""The sign-flip permutation test: it needs no normal distribution, only one that is symmetric."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bench.statistics.equality import all_equal

_EXACT_UP_TO = 30
"""Seeds up to which every sign flip is counted; beyond, they are drawn."""
_DRAWS = 9_999
_ROUNDING = 1e-12
_HALVINGS, _DIGITS = 45, 9
"""An interval's end is found to a billionth of the spread; what is left after so many halvings is rounding."""


def sign_flip_p(differences: Sequence[float] | np.ndarray) -> float:
    """Return the two-sided p-value of the sign-flip permutation test: that the differences are symmetric about zero.

    It is the share of all 2ⁿ choices of signs whose sum is at least as far from zero as the one that was seen, exact
    for up to 30 differences; for more it is that of 10,000 choices, the same every time. With n of them it cannot be
    under 2 / 2ⁿ: with three seeds not under 0.25.

    Source: Fisher 1935, The Design of Experiments, section 21.
    """
    values = np.asarray(differences, dtype=np.float64)
    seen = abs(values.sum()) - _ROUNDING * np.abs(values).sum()
    if seen <= 0:
        return 1.0
    if len(values) > _EXACT_UP_TO:
        as_far = np.count_nonzero(np.abs(_drawn_signs(len(values)) @ values) >= seen)
        return float((as_far + 1) / (_DRAWS + 1))  # the signs that were seen are one draw (Phipson & Smyth 2010)
    # Each sum is one of the first half's plus one of the second's: 2 · 2ⁿᐟ² sums to sort instead of 2ⁿ to look at.
    middle = len(values) // 2
    first, second = _signed_sums(values[:middle]), np.sort(_signed_sums(values[middle:]))
    above = len(second) - np.searchsorted(second, seen - first, side="left")
    return float(2 * above.sum() / 2 ** len(values))  # the sums are symmetric about zero


def sign_flip_interval(
    differences: Sequence[float] | np.ndarray, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Return the centres about which the sign-flip test does not refute that the differences are symmetric.

    It leaves out zero exactly when `sign_flip_p` is at most 1 - confidence. Its ends are means of some of the
    differences (Hartigan's typical values), found by halving: the further a centre is from the mean, the fewer choices
    of signs are as far from it.

    Args:
        differences: (n,).
        confidence: of the interval.

    Returns:
        None where no centre can be refuted, which at 95 % takes six differences, and where all are equal: that they
        have no spread says nothing of how far the next one would be.

    Source: Hartigan 1969, Using subsample values as typical values.
    """
    values = np.asarray(differences, dtype=np.float64)
    alpha = 1 - confidence
    if not len(values) or 2 / 2 ** len(values) > alpha:
        return None
    if all_equal(values):
        return None
    spread = float(np.ptp(values))
    mean = float(values.mean())

    def end(refuted: float) -> float:
        """Return the last centre from the mean towards `refuted` that is not."""
        held = mean
        for _ in range(_HALVINGS):
            middle = (held + refuted) / 2
            if sign_flip_p(values - middle) <= alpha:
                refuted = middle
            else:
                held = middle
        return round(held / spread, _DIGITS) * spread

    return end(mean - 2 * spread), end(mean + 2 * spread)


@lru_cache(maxsize=8)
def _drawn_signs(n: int) -> np.ndarray:
    """Return `_DRAWS` choices of n signs."""
    return np.where(np.random.default_rng(0).random((_DRAWS, n)) < 0.5, -1.0, 1.0)


def _signed_sums(values: np.ndarray) -> np.ndarray:
    """Return the sums of the values under every choice of signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums
