"""Columns of history.csv under the headings a dashboard groups by."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bench.history_columns import COLUMNS
from bench.metrics import RATES

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
    if column in RATES:
        return "degenerate"
    return "AP" if "mAP" in column else COLUMNS[column].heading
