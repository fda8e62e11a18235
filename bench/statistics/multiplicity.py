"""What a p-value is worth when it is one of many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


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
