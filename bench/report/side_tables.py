"""The report's other tables as text: criteria, escape tests, controls, ledger, data sets together, cost."""

from __future__ import annotations

import math

import pandas as pd

from bench.history_columns import COLUMNS
from bench.report.model import REFERENCE, Comparison, Family
from bench.report.numbers import MISSING, count_of, figure, names, number, percent
from bench.report.parts import Winner
from bench.report.tables import judged, kept_share, time_unit
from bench.text import ranges


def _of(*columns: str) -> dict[str, tuple[str, str]]:
    return {name: (COLUMNS[name].short, COLUMNS[name].form) for name in columns}


LEDGER = {
    **_of("alpha", "share_l2", "grad_l2", "grad_mgiou"),
    "grad_ratio": ("ratio", ".2g"),
    **_of("grad_cosine", "conflict", "net_grad_cosine", "alpha_step"),
    "transition_jump": ("loss jump", "+.1f"),
    "transition_dip": ("AP dip", "+.3f"),
    "full_image_peak": ("full-image peak", "%"),
}
"""Entries of the ledger that have a column where any run has them: heading and format."""


def criteria_table(comparison: Comparison) -> pd.DataFrame:
    """Return a row a strategy and a column a criterion."""
    measured = [one for one in comparison.criteria if one.measured]
    return pd.DataFrame(
        [
            {
                "strategy": row.label,
                "MGIoU": row.form or MISSING,
                **{one.heading: one.cells[index].text for one in measured},
            }
            for index, row in enumerate(comparison.core)
        ]
    )


def winners_table(comparison: Comparison) -> pd.DataFrame:
    """Return for each criterion that was measured who is best, or why nobody is named."""
    return pd.DataFrame(
        [
            {
                "criterion": one.heading,
                "winner": _winner(one.winner),
                "why": one.winner.why,
            }
            for one in comparison.criteria
            if one.winner and one.measured
        ]
    )


def escapes_table(comparison: Comparison) -> pd.DataFrame:
    """Return the escape tests."""
    return pd.DataFrame(
        [
            {
                "strategy": one.by,
                "MGIoU": one.form or MISSING,
                "runs": str(one.runs),
                "no longer full-image": f"{one.left} of {one.stuck}",
                "escaped, of those stuck": count_of(one.escaped, one.stuck, one.interval),
                "mAP50-95 at the end": figure(one.mean),
                "of the escaped": figure(one.mean_of_escaped),
                "share of its own": kept_share(one.kept) if one.kept else MISSING,
            }
            for one in comparison.escapes
        ]
    )


def controls_table(comparison: Comparison) -> pd.DataFrame:
    """Return each strategy less each of its controls."""
    return pd.DataFrame(
        [
            {
                "strategy": one.of,
                "control": one.label,
                "strategy - control": judged(one, one.difference),
                "seeds": str(one.difference.n if one.difference else 0),
            }
            for one in comparison.controls
        ]
    )


def ledger_table(comparison: Comparison) -> pd.DataFrame:
    """Return the gradient ledger of every strategy, means over its runs; without columns where none is on record."""
    rows = [row for row in comparison.rows if row.ledger]
    shown = {key: described for key, described in LEDGER.items() if any(key in row.ledger for row in rows)}
    return pd.DataFrame(
        [
            {
                "strategy": row.label,
                "MGIoU": row.form or MISSING,
                "runs": str(row.done),
                **{heading: _entry(row.ledger.get(key), form) for key, (heading, form) in shown.items()},
            }
            for row in rows
        ]
    )


def combined_table(family: Family) -> pd.DataFrame:
    """Return the mean difference on each data set and over all of them."""
    return pd.DataFrame(
        [
            {
                "strategy": row.label,
                "MGIoU": row.form or MISSING,
                **{title: number(one, "+.3f") for title, one in zip(family.members, row.per_data_set, strict=True)},
                f"difference to {REFERENCE}, all": judged(row, row.difference),
                "seeds": str(row.difference.n),
            }
            for row in family.combined
        ]
    )


def cost_table(comparison: Comparison) -> pd.DataFrame:
    """Return what the runs of each row took."""
    costs = [row.cost for row in comparison.all_rows]
    seconds, unit = time_unit(value for cost in costs for value in (cost.train_s, cost.cpu_s))
    whole, whole_unit = time_unit(cost.all_s for cost in costs)
    return pd.DataFrame(
        [
            {
                "strategy": row.label,
                "MGIoU": row.form or MISSING,
                "runs": str(row.planned),
                "epochs": number(row.cost.epochs, "g"),
                f"training, {unit}": number(row.cost.train_s, ".1f", seconds),
                f"CPU, {unit}": number(row.cost.cpu_s, ".1f", seconds),
                "peak memory, MiB": number(row.cost.memory_mib, ".0f"),
                f"all runs, {whole_unit}": number(row.cost.all_s or None, ".1f", whole)
                + (f" and {row.cost.untimed} untimed" if row.cost.untimed else ""),
            }
            for row in comparison.all_rows
        ]
    )


def cost_total(comparison: Comparison) -> str:
    """Return `36 runs, 1.7 h`, and how much of it sharing has saved."""
    rows = comparison.all_rows
    seconds, saved = (math.fsum(getattr(row.cost, part) for row in rows) for part in ("all_s", "saved_s"))
    unit, sign = time_unit([seconds])
    runs = sum(row.planned for row in rows)
    told = f"{runs} {'run' if runs == 1 else 'runs'}, {seconds / unit:.1f} {sign}"
    if not saved:
        return told
    spent = (seconds - saved) / unit
    return f"{told} if each had been trained alone; {spent:.1f} {sign} as they shared what they have in common"


def shared_lines(comparison: Comparison) -> list[str]:
    """Return which epochs were trained once for which rows, a line each."""
    return [
        f"epochs 1–{one.until} of {names(one.rows, 20)}; "
        f"{'seed' if len(one.seeds) == 1 else 'seeds'} {ranges(set(one.seeds))}"
        for one in comparison.shared
    ]


def _winner(winner: Winner) -> str:
    if not winner.names:
        return "none named"
    return ("tie: " if len(winner.names) > 1 else "") + names(winner.names, 3)


def _entry(value: float | None, form: str) -> str:
    if value is None or not math.isfinite(value):
        return MISSING
    return percent(value) if form == "%" else f"{value:{form}}"
