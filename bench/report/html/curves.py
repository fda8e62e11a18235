"""Histories as data for curves: the mean and the range over seeds, and every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.history_columns import AT_POINTS, COLUMNS, Column
from bench.metrics import FIGURE
from bench.report.arms import is_one_loss
from bench.report.figures.groups import Group, groups_of
from bench.report.figures.histories import Curve, curve
from bench.report.html.markup import significant
from bench.report.html.palette import Pen
from bench.report.model import Comparison, Row

POINTS = 100
"""Of a curve, at most; the first and the last epoch are always among them."""

_SHOWN = 6
"""Strategies that are drawn before anyone chooses."""


QUANTITIES = {
    "Result": (FIGURE, "full_image", "bow_tie"),
    "Mix": ("alpha", "share_l2"),
    "Losses": ("loss_l2", "loss_mgiou"),
    "Gradients": ("grad_l2", "grad_mgiou", "grad_cosine", "net_grad_cosine", "conflict"),
}
"""The columns of history.csv that can be drawn by epoch, under the headings they are offered under."""

_COLUMNS = tuple(COLUMNS[name] for names in QUANTITIES.values() for name in names)


def curves_of(
    comparison: Comparison, histories: Mapping[str, pd.DataFrame | None], pens: Mapping[str, Pen]
) -> dict[str, Any]:
    """Return what the page draws of the histories of a comparison.

    Args:
        comparison: of a report.
        histories: by run id.
        pens: by name of the row.

    Returns:
        `quantities` that any run has, and `rows`, each with its curves by column: `e` epochs, `m` mean, `l` and `h` the
        range over the `runs` that are done, `s` a line a run; `more`, runs that are not done, with epochs of their own.
        Where there is one run, or all are alike, `l`, `h` and `s` are left out.
    """
    rows, seen = [], set()
    for group in groups_of(comparison):
        shown = _shown(group)
        for row in group.rows:
            found = {one.name: _columns(row, histories, one.name) for one in _COLUMNS}
            found = {column: one for column, one in found.items() if one}
            if not found:
                continue
            seen |= found.keys()
            pen = pens[row.name]
            rows.append(
                {
                    "name": row.name,
                    "group": group.what,
                    "light": pen.light,
                    "dark": pen.dark,
                    "dash": pen.dash,
                    "symbol": pen.symbol,
                    "shown": row.name in shown,
                    "curves": found,
                }
            )
    return {
        "title": comparison.title,
        "rows": rows,
        "quantities": [
            _quantity(COLUMNS[name], group) for group, names in QUANTITIES.items() for name in names if name in seen
        ],
    }


def _quantity(column: Column, group: str) -> dict[str, str]:
    notes = (AT_POINTS if column.sampled else "", "The scale is logarithmic." if column.scale == "log" else "")
    return {
        "column": column.name,
        "title": column.axis,
        "group": group,
        "scale": column.scale,
        "note": " ".join(filter(None, (*notes, column.note))),
    }


def _shown(group: Group) -> set[str]:
    """Return which rows of a group are drawn at first: of the strategies the first, and those with one loss alone."""
    if group.key:
        return set()
    alone = [row.name for row in group.rows if row.reference or is_one_loss(row.strategy)]
    others = sorted((row for row in group.rows if row.name not in alone), key=lambda row: not row.done)
    return {*alone, *(row.name for row in others[: max(0, _SHOWN - len(alone))])}


def _columns(row: Row, histories: Mapping[str, pd.DataFrame | None], column: str) -> dict[str, Any]:
    known = [
        (seed, table)
        for seed in sorted(row.seeds, key=lambda one: one.seed)
        if (table := histories.get(seed.run_id)) is not None and column in table and table[column].notna().any()
    ]
    done = [(seed, table) for seed, table in known if seed.status == "done"]
    both = curve([table for _, table in done], column)
    found: dict[str, Any] = {}
    if both is not None:
        found = _thin(both) | {"runs": [[seed.run_id, seed.seed] for seed, _ in done]}
    more = []
    for seed, table in known:
        if seed.status != "done" and (alone := curve([table], column)) is not None:
            thin = _thin(alone)
            more.append({"run": seed.run_id, "seed": seed.seed, "status": seed.status, "e": thin["e"], "m": thin["m"]})
    return found | ({"more": more} if more else {})


def _thin(both: Curve) -> dict[str, Any]:
    count = len(both.epochs)
    kept = np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(int))
    found = {"e": [int(one) for one in both.epochs[kept]], "m": _short(both.mean[kept])}
    lines = [_short(one) for one in both.values[:, kept]]
    if all(line == lines[0] for line in lines):
        return found
    return found | {"l": _short(both.low[kept]), "h": _short(both.high[kept]), "s": lines}


def _short(values: Sequence[float] | np.ndarray) -> list[float]:
    return [significant(float(one)) for one in values]
