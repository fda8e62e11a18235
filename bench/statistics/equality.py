"""When figures are the same: seeds without any spread tell nothing of how far the next one would be."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

_ROUNDING = 1e-12


def all_equal(values: Iterable[float]) -> bool:
    """Whether values, one or more, are the same up to rounding: their range is 1e-12 of the largest."""
    array = np.fromiter(values, dtype=np.float64)
    return bool(np.ptp(array) <= _ROUNDING * np.abs(array).max())
