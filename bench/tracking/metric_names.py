"""Columns of history.csv under the headings a dashboard groups by."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bench.evaluation.names import RATES

_HEADINGS = {
    "alpha": "weights",
    "w_l2": "weights",
    "w_mgiou": "weights",
    "share_l2": "gradients",
    "conflict": "gradients",
    "lr": "training",
    "seconds": "training",
}


def dashboard_row(row: Mapping[str, float]) -> dict[str, float]:
    """Return an epoch's row under `heading/column`, without the epoch itself and without what is not finite."""
    return {
        f"{_heading(column)}/{column}": value
        for column, value in row.items()
        if column not in ("epoch", "progress") and math.isfinite(value)
    }


def _heading(column: str) -> str:
    if column in _HEADINGS:
        return _HEADINGS[column]
    if column in RATES:
        return "degenerate"
    if "mAP" in column:
        return "AP"
    return "gradients" if column.startswith(("grad", "net_grad")) else "losses"
