"""One sentence: what a table shows, and what it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.records import GOES_ON
from bench.report.model import REFERENCE, UNDECIDED, Row
from bench.report.numbers import names
from bench.statistics import LOST_RUNS, NO_SPREAD


def conclude(rows: Sequence[Row], condition: Mapping[str, Any]) -> str:
    """Return the sentence. It never says more than the rows do.

    Args:
        rows: of one comparison.
        condition: its data, model and settings.
    """
    scope = _scope(condition)
    if not any(row.figures for row in rows):
        counts = _total(rows)
        yet = " yet" if any(counts[status] for status in GOES_ON) else ""
        return f"The table shows nothing{yet}: no run {scope} has a figure ({statuses(counts)})."
    clauses = [_head(rows, scope), *_gaps(rows)]
    return "; ".join([*clauses, "none of this extends to other data, models, sizes or training budgets"]) + "."


def statuses(counts: Mapping[str, int]) -> str:
    """Return `done 3` or `done 2, failed 1`."""
    return ", ".join(f"{status} {counts[status]}" for status in sorted(counts, key=lambda s: (s != "done", s)))


def _head(rows: Sequence[Row], scope: str) -> str:
    """Return what the table shows of the differences."""
    compared = [row for row in rows if row.difference is not None]
    if not any(row.reference and row.figures for row in rows):
        return f"The table shows each strategy {scope} alone: no run of {REFERENCE} is done to take differences to"
    if not any(row.figures for row in rows if not row.reference):
        return f"The table shows {REFERENCE} alone {scope}: no other strategy has a run that is done"
    if not compared:
        return f"The table shows no difference {scope}: no other strategy has a seed that {REFERENCE} has too"
    if max(row.difference.n for row in compared if row.difference) < 2:
        seeds = {seed for row in compared if row.difference for seed in row.difference.by_seed}
        one = "With one seed" if len(seeds) == 1 else "With one seed in common a strategy"
        return f"{one} {scope} no difference to {REFERENCE} can be decided, however large"
    return _decided(compared, scope)


def _decided(compared: Sequence[Row], scope: str) -> str:
    counts = [row.difference.n for row in compared if row.difference]
    low, high = min(counts), max(counts)
    seeds = f"{high} seeds" if low == high else f"{low} to {high} seeds in common"
    undecided = sum(row.verdict == UNDECIDED for row in compared)
    told = "; ".join(
        f"{verdict} than {REFERENCE}: {_names([row for row in compared if row.verdict == verdict])}"
        for verdict in ("better", "worse")
        if any(row.verdict == verdict for row in compared)
    )
    head = (
        f"With {seeds} {scope} the table decides {len(compared) - undecided} of {len(compared)} differences "
        f"to {REFERENCE} in mAP50-95"
    )
    open_by = {row.kept_open_by for row in compared if row.verdict == UNDECIDED}
    more = ": it takes more seeds to tell" if open_by - {NO_SPREAD, LOST_RUNS} else ""
    rest = f"; UNDECIDED is not EQUAL{more}" if undecided else ""
    return head + (f" ({told})" if told else "") + rest


def _gaps(rows: Sequence[Row]) -> list[str]:
    """Return what a reader would miss in the means: runs without a figure, strategies without a pair."""
    gaps = []
    runs, figures = sum(row.planned for row in rows), sum(row.figures for row in rows)
    if figures < runs:
        lost = _total(rows) - Counter(done=figures)
        gaps.append(f"{runs - figures} of {runs} runs have no figure and are in no mean ({statuses(lost)})")
    alone = [row for row in rows if not row.reference and row.difference is None]
    if alone and len(alone) < sum(not row.reference for row in rows):
        gaps.append(f"without a pair with {REFERENCE}: {_names(alone)}")
    return gaps


def _scope(condition: Mapping[str, Any]) -> str:
    data, settings = condition["data"], condition["settings"]
    size = f" at {settings['imgsz']} px" if "imgsz" in settings else ""
    epochs = f" for {settings['epochs']} epochs" if "epochs" in settings else ""
    return f"on {data['name']} (V = {data['vertices']}) with {condition['model']}{size}{epochs}"


def _names(rows: Sequence[Row]) -> str:
    return names([row.name for row in rows])


def _total(rows: Sequence[Row]) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row.statuses)
    return total
