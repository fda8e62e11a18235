"""The sign-flip permutation test: it needs no normal distribution, only one that is symmetric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

_EXACT_UP_TO = 30
"""Seeds up to which every sign flip is counted; beyond, scipy draws them."""
_ROUNDING = 1e-12


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


def _signed_sums(values: np.ndarray) -> np.ndarray:
    """Return the sums of the values under every choice of signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums
