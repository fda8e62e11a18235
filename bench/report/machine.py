"""A report for programs: JSON with everything, CSV with a line a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from bench.metrics import METRICS
from bench.plain import to_plain
from bench.report.arms import CONTROL, RESCUE
from bench.report.model import Comparison, Family, Report, Row
from bench.report.parts import Combined, Escape, Judged


def render_json(report: Report) -> str:
    """Return the whole report model; NaN is null. A claim is told by its key and words, not by how it is tested."""
    whole = asdict(report, dict_factory=_without_statement)
    return json.dumps(to_plain(whole), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def render_csv(report: Report) -> str:
    """Return a line a row, with full precision: of the comparisons, outside them, and over several data sets.

    A column has nothing to say of every row: what it does not apply to is empty.
    """
    lines: list[dict[str, Any]] = []
    for one in report.comparisons:
        lines += [_line(one, row) for row in one.rows] + list(_outside(one))
    lines += [_together(family, one, report) for family in report.families for one in family.combined]
    # Of objects, so that a whole number stays one in a column that is not always filled.
    table = pd.DataFrame(lines, columns=[*_CELLS, *_ESCAPE], dtype=object)
    return table.to_csv(index=False, lineterminator="\n")


def frame(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the rows of all comparisons under column names for programs."""
    return pd.DataFrame([_line(one, row) for one in comparisons for row in one.rows], columns=list(_CELLS))


def _line(one: Comparison, row: Row) -> dict[str, Any]:
    return {name: cell(one, row) for name, cell in _CELLS.items()}


def _outside(one: Comparison) -> Iterator[dict[str, Any]]:
    """Yield the rows outside the tables: of an escape test with its counts, of a control with its strategy's lead."""
    escapes = {(test.label, test.form): test for test in one.escapes}
    controls = {control.run_ids: control for control in one.controls}
    for row in one.special:
        line = _line(one, row)
        if row.table == RESCUE and (row.label, row.form) in escapes:
            line |= {name: cell(escapes[row.label, row.form]) for name, cell in _ESCAPE.items()}
        elif row.table == CONTROL and row.run_ids in controls:
            line |= _judged(controls[row.run_ids])
        yield line


def _together(family: Family, row: Combined, report: Report) -> dict[str, Any]:
    """Return a row over several data sets, with what these have in common."""
    first = next(one for one in report.comparisons if one.title in family.members)
    common = {"model": first.condition["model"], **{name: _setting(name, first, row) for name in ("epochs", "imgsz")}}
    told = {"strategy": row.label, "form": row.form, "table": f"{row.table}-together"}
    titles = ", ".join(family.members)
    return {"comparison": titles, **common, **told, **_judged(row), "run_ids": " ".join(row.run_ids)}


def _judged(row: Judged) -> dict[str, Any]:
    return {name: cell(row) for name, cell in _DIFFERENCE.items()}


def _without_statement(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in fields if key != "statement"}


def _of_row(cell: Callable[[Any], Any], _: Comparison, row: Row) -> Any:
    return cell(row)


def _metric(name: str, _: Comparison, row: Row) -> float | None:
    return row.means.get(name)


def _status(name: str, _: Comparison, row: Row) -> int:
    return row.statuses.get(name, 0)


def _setting(name: str, one: Comparison, _: Any) -> Any:
    return one.condition["settings"].get(name)


def _difference(name: str, row: Any) -> Any:
    return getattr(row.difference, name) if row.difference else None


def _bound(index: int, row: Any) -> float | None:
    return row.difference.interval[index] if row.difference and row.difference.interval else None


_DIFFERENCE: dict[str, Callable[[Any], Any]] = {
    "pairs": partial(_difference, "n"),
    "difference": partial(_difference, "mean"),
    "difference_low": partial(_bound, 0),
    "difference_high": partial(_bound, 1),
    "difference_p_sign_flip": partial(_difference, "p_value"),
    "difference_p_holm": lambda row: row.adjusted_p,
    "verdict": lambda row: row.verdict,
    "kept_open_by": lambda row: row.kept_open_by,
    "seeds_to_decide": lambda row: row.seeds_to_decide,
    "open_up_to_seeds": lambda row: row.open_up_to,
}
"""Of whatever is judged: a row's difference to the reference, of one data set or several; a strategy's to a control."""

_ESCAPE: dict[str, Callable[[Escape], Any]] = {
    "stuck": lambda test: test.stuck,
    "no_longer_full_image": lambda test: test.left,
    "escaped": lambda test: test.escaped,
    "escaped_share_low": lambda test: test.interval[0] if test.stuck else None,
    "escaped_share_high": lambda test: test.interval[1] if test.stuck else None,
    "kept_share": lambda test: test.kept.mean if test.kept else None,
}

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
    **{name: partial(_of_row, cell) for name, cell in _DIFFERENCE.items()},
    "train_s": lambda one, row: row.train_s,
    "run_ids": lambda one, row: " ".join(seed.run_id for seed in row.seeds),
}
