"""A report for programs: JSON with everything, CSV with a line a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from bench.metrics import METRICS
from bench.plain import to_plain
from bench.report.model import Comparison, Report, Row


def render_json(report: Report) -> str:
    """Return the whole report model; NaN is null. A claim is told by its key and words, not by how it is tested."""
    whole = asdict(report, dict_factory=_without_statement)
    return json.dumps(to_plain(whole), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def render_csv(report: Report) -> str:
    """Return a line a strategy and condition, with full precision."""
    return frame(report.comparisons).to_csv(index=False, lineterminator="\n")


def frame(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the rows of all comparisons under column names for programs."""
    lines = [[cell(one, row) for cell in _CELLS.values()] for one in comparisons for row in one.rows]
    return pd.DataFrame(lines, columns=list(_CELLS))


def _without_statement(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in fields if key != "statement"}


def _metric(name: str, _: Comparison, row: Row) -> float | None:
    return row.means.get(name)


def _status(name: str, _: Comparison, row: Row) -> int:
    return row.statuses.get(name, 0)


def _setting(name: str, one: Comparison, _: Row) -> Any:
    return one.condition["settings"].get(name)


def _difference(name: str, _: Comparison, row: Row) -> Any:
    return getattr(row.difference, name) if row.difference else None


def _bound(index: int, _: Comparison, row: Row) -> float | None:
    return row.difference.interval[index] if row.difference and row.difference.interval else None


_CELLS: dict[str, Callable[[Comparison, Row], Any]] = {
    "comparison": lambda one, row: one.title,
    "data": lambda one, row: one.condition["data"]["name"],
    "fingerprint": lambda one, row: one.condition["data"]["fingerprint"],
    "vertices": lambda one, row: one.condition["data"]["vertices"],
    "model": lambda one, row: one.condition["model"],
    "epochs": partial(_setting, "epochs"),
    "imgsz": partial(_setting, "imgsz"),
    "strategy": lambda one, row: row.label,
    "form": lambda one, row: row.form,
    "table": lambda one, row: row.table,
    "runs": lambda one, row: row.planned,
    **{status: partial(_status, status) for status in ("done", "diverged", "failed", "interrupted")},
    **{column: partial(_metric, column) for column in METRICS},
    "mAP50_95_sd": lambda one, row: row.sd,
    "pairs": partial(_difference, "n"),
    "difference": partial(_difference, "mean"),
    "difference_low": partial(_bound, 0),
    "difference_high": partial(_bound, 1),
    "difference_p_sign_flip": partial(_difference, "p_value"),
    "difference_p_holm": lambda one, row: row.adjusted_p,
    "verdict": lambda one, row: row.verdict,
    "kept_open_by": lambda one, row: row.kept_open_by,
    "seeds_to_decide": lambda one, row: row.seeds_to_decide,
    "open_up_to_seeds": lambda one, row: row.open_up_to,
    "train_s": lambda one, row: row.train_s,
    "run_ids": lambda one, row: " ".join(seed.run_id for seed in row.seeds),
}
