"""Columns of history.csv under the headings a dashboard groups by."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bench.evaluation.names import RATES

_HEADINGS = {
    "alpha": "weights",
    "alpha_step": "weights",
    "w_l2": "weights",
    "w_mgiou": "weights",
    "share_l2": "gradients",
    "conflict": "gradients",
    "lr": "training",
    "seconds": "training",
}

HEADINGS = ("AP", "degenerate", "weights", "gradients", "losses", "training")
"""Every heading there is."""


def dashboard_row(row: Mapping[str, float]) -> dict[str, float]:
    """Return an epoch's row under `heading/column`, without the epoch itself and without what is not finite."""
    return {
        f"{heading(column)}/{column}": value
        for column, value in row.items()
        if column not in ("epoch", "progress") and math.isfinite(value)
    }


def heading(column: str) -> str:
    """Return what a column is grouped under: one of `HEADINGS`."""
    if column in _HEADINGS:
        return _HEADINGS[column]
    if column in RATES:
        return "degenerate"
    if "mAP" in column:
        return "AP"
    return "gradients" if column.startswith(("grad", "net_grad")) else "losses"
