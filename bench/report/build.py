"""From records to a report."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

from bench.errors import UserError
from bench.records import RunRecord, order
from bench.report.conclusion import conclude
from bench.report.groups import condition_of, strategy_names, titles
from bench.report.model import COLUMNS, FIGURE, REFERENCE, UNDECIDED, Comparison, Rate, Report, Row, Seed
from bench.report.provenance import provenance
from bench.statistics import holm, paired_difference, rate_interval, t_p_value

ALPHA = 0.05
"""Family-wise error rate of a table's verdicts."""


def build(records: Sequence[RunRecord]) -> Report:
    """Return the report of a study. It depends on the records alone, not on their order, the clock or the machine.

    Raises:
        UserError: two records are of the same run.
    """
    by_condition: dict[str, list[RunRecord]] = defaultdict(list)
    for record in sorted(records, key=order):
        by_condition[condition_of(record)].append(record)
    groups = [group for _, group in sorted(by_condition.items())]
    comparisons = tuple(_compare(title, group) for title, group in zip(titles(groups), groups, strict=True))
    return Report(study=", ".join(sorted({record.study for record in records})), comparisons=comparisons)


def _compare(title: str, records: list[RunRecord]) -> Comparison:
    groups = strategy_names(records)
    reference = next((key for key, group in groups.items() if group[0].label == REFERENCE), None)
    base = _figures(groups[reference]) if reference else {}
    rows = _with_verdicts([_row(*key, group, base, key == reference) for key, group in groups.items()])
    rows.sort(key=_rank)
    identity = records[0].identity
    condition = {key: identity[key] for key in ("data", "model", "settings")}
    return Comparison(title, condition, provenance(records), tuple(rows), conclude(rows, condition))


def _row(label: str, form: str | None, records: list[RunRecord], base: Mapping[int, float], reference: bool) -> Row:
    seeds = tuple(_seed(record, {} if reference else base) for record in records)
    twice = [one for one, number in Counter(seed.seed for seed in seeds).items() if number > 1]
    if twice:
        ids = ", ".join(seed.run_id for seed in seeds if seed.seed == twice[0])
        raise UserError(f"{label}: runs {ids} are all seed {twice[0]} of the same strategy; set aside all but one")
    done = [record for record in records if record.done]
    figures = _figures(records)
    paired = not reference and figures.keys() & base.keys()
    statuses = dict(Counter(record.status for record in records))
    return Row(
        label=label,
        form=form,
        strategy=records[0].identity["strategy"],
        reference=reference,
        statuses=statuses,
        means={column: _mean(record.metrics.get(column) for record in done) for column in COLUMNS} if done else {},
        sd=stdev(figures.values()) if len(figures) > 1 else None,
        difference=paired_difference(figures, base) if paired else None,
        adjusted_p=None,
        verdict="",
        failures=_failures(statuses),
        train_s=_mean(record.timing.get("train_s") for record in done) if done else None,
        seeds=seeds,
    )


def _seed(record: RunRecord, base: Mapping[int, float]) -> Seed:
    figure = _figures([record]).get(record.seed)
    paired = figure is not None and record.seed in base
    return Seed(
        seed=record.seed,
        run_id=record.id,
        status=record.status,
        reason=record.reason,
        mAP50_95=figure,
        difference=figure - base[record.seed] if paired and figure is not None else None,
    )


def _figures(records: Iterable[RunRecord]) -> dict[int, float]:
    """Return by seed what the runs that are done are compared by, without those that have no such figure."""
    figures = {record.seed: record.metrics.get(FIGURE, math.nan) for record in records if record.done}
    return {seed: figure for seed, figure in figures.items() if math.isfinite(figure)}


def _failures(statuses: Mapping[str, int]) -> Rate | None:
    count = statuses.get("diverged", 0) + statuses.get("failed", 0)
    total = count + statuses.get("done", 0)
    return Rate(count, total, rate_interval(count, total)) if total else None


def _with_verdicts(rows: list[Row]) -> list[Row]:
    """Judge the differences together: the more strategies a table has, the more each must show (Holm)."""
    raw = {
        index: p for index, row in enumerate(rows) if row.difference and (p := t_p_value(row.difference)) is not None
    }
    adjusted = dict(zip(raw, holm(list(raw.values())), strict=True))
    return [
        replace(row, adjusted_p=adjusted.get(i), verdict=_verdict(row, adjusted.get(i))) for i, row in enumerate(rows)
    ]


def _verdict(row: Row, adjusted_p: float | None) -> str:
    if row.difference is None:
        return ""
    if not row.difference.decided or adjusted_p is None or adjusted_p >= ALPHA:
        return UNDECIDED
    return "better" if row.difference.mean > 0 else "worse"


def _rank(row: Row) -> tuple[Any, ...]:
    """Put the reference first, then the best; rows without a figure last, by name."""
    figure = row.means.get(FIGURE, math.nan)
    known = math.isfinite(figure)
    return (not row.reference, not known, -figure if known else 0.0, row.label, row.form or "")


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return fmean(known) if known else math.nan
