"""From the runs of a condition to the rows of its tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

from bench.claims.quantities import degenerate_shapes
from bench.errors import UserError
from bench.metrics import FIGURE, METRICS
from bench.records import RunRecord
from bench.report.arms import COMPARED, CORE, REPLICATE, VARIANT, by_kind
from bench.report.groups import strategy_names
from bench.report.model import REFERENCE, Rate, Row, Seed
from bench.report.parts import Cost
from bench.statistics import paired_difference, rate_interval, verdicts

Key = tuple[str, str | None]
Runs = Mapping[Key, Sequence[RunRecord]]
"""The runs of a row, by its label and form."""


def runs_of(records: Sequence[RunRecord]) -> dict[str, dict[Key, list[RunRecord]]]:
    """Return by kind the runs of each row. Where all strategies but the reference are variants, they are core."""
    kinds = by_kind(records)
    if not any(record.label != REFERENCE for record in kinds[CORE]):
        kinds[CORE], kinds[VARIANT] = kinds[CORE] + kinds[VARIANT], []
    found = {kind: strategy_names(runs) for kind, runs in kinds.items()}
    found[REPLICATE] = {
        (f"{label}, replicate {number}", form): [run for run in runs if run.replicate == number]
        for (label, form), runs in found.get(REPLICATE, {}).items()
        for number in sorted({run.replicate for run in runs})
    }
    return found


def compared_rows(runs: Mapping[str, Runs], looks: tuple[int, int] | None) -> list[Row]:
    """Return the rows of both comparison tables, each table's judged together, in the order they are shown."""
    groups = [(kind, key, group) for kind in COMPARED for key, group in runs.get(kind, {}).items()]
    reference = next((key for kind, key, group in groups if kind == CORE and group[0].label == REFERENCE), None)
    base = figures_of(runs[CORE][reference]) if reference else {}
    rows = [make_row(key, group, kind, base, key == reference) for kind, key, group in groups]
    reference_lost = any(row.reference and row.lost for row in rows)
    judged: list[Row] = []
    for kind in COMPARED:  # the two tables answer two questions, and each pays for its own number of tests
        judged += _with_verdicts([row for row in rows if row.table == kind], reference_lost, looks)
    return sorted(judged, key=_rank)


def special_rows(runs: Mapping[str, Runs]) -> list[Row]:
    """Return a row for each escape test, control and replicate: where its figures come from."""
    groups = [
        (kind, key, group) for kind, found in runs.items() if kind not in COMPARED for key, group in found.items()
    ]
    rows = [make_row(key, group, kind, {}, False) for kind, key, group in groups]
    return sorted(rows, key=lambda row: (row.table, row.label, row.form or ""))


def make_row(key: Key, records: Sequence[RunRecord], table: str, base: Mapping[int, float], reference: bool) -> Row:
    """Return the row of some runs, without its verdict.

    Raises:
        UserError: two of them have the same seed.
    """
    label, form = key
    seeds = tuple(_seed(record, {} if reference else base) for record in records)
    twice = [one for one, number in Counter(seed.seed for seed in seeds).items() if number > 1]
    if twice:
        ids = ", ".join(seed.run_id for seed in seeds if seed.seed == twice[0])
        raise UserError(f"{label}: runs {ids} are all seed {twice[0]} of the same strategy; set aside all but one")
    done = [record for record in records if record.done]
    figures = figures_of(records)
    paired = not reference and figures.keys() & base.keys()
    statuses = dict(Counter(record.status for record in records))
    cost = _cost(records)
    return Row(
        label=label,
        form=form,
        table=table,
        strategy=records[0].identity["strategy"],
        reference=reference,
        statuses=statuses,
        means={column: mean(record.metrics.get(column) for record in done) for column in METRICS} if done else {},
        sd=stdev(figures.values()) if len(figures) > 1 else None,
        difference=paired_difference(figures, base) if paired else None,
        failures=_failures(statuses),
        degenerate=_degenerate(done),
        train_s=cost.train_s if done else None,
        cost=cost,
        ledger=_ledger(done),
        seeds=seeds,
    )


def figures_of(records: Iterable[RunRecord], metric: str = FIGURE) -> dict[int, float]:
    """Return a metric by seed, of the runs that are done and have it."""
    figures = {record.seed: record.metrics.get(metric, math.nan) for record in records if record.done}
    return {seed: figure for seed, figure in figures.items() if math.isfinite(figure)}


def mean(values: Iterable[float | None]) -> float:
    """Return the mean of those values that are numbers; NaN without one."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    return fmean(known) if known else math.nan


def _seed(record: RunRecord, base: Mapping[int, float]) -> Seed:
    figure = figures_of([record]).get(record.seed)
    paired = figure is not None and record.seed in base
    return Seed(
        seed=record.seed,
        run_id=record.id,
        status=record.status,
        reason=record.reason,
        mAP50_95=figure,
        difference=figure - base[record.seed] if paired and figure is not None else None,
    )


def _failures(statuses: Mapping[str, int]) -> Rate | None:
    count = statuses.get("diverged", 0) + statuses.get("failed", 0)
    total = count + statuses.get("done", 0)
    return Rate(count, total, rate_interval(count, total)) if total else None


def _degenerate(done: Sequence[RunRecord]) -> Rate | None:
    found = [shapes for record in done if (shapes := degenerate_shapes(record))]
    kinds = Counter(shape for shapes in found for shape in shapes)
    return Rate(len(found), len(done), rate_interval(len(found), len(done)), dict(kinds)) if done else None


def _ledger(done: Sequence[RunRecord]) -> dict[str, float]:
    names = dict.fromkeys(name for record in done for name in record.ledger)
    return {name: mean(record.ledger.get(name) for record in done) for name in names}


def _cost(records: Sequence[RunRecord]) -> Cost:
    done = [record for record in records if record.done]

    def per_run(name: str) -> float:
        return mean(record.timing.get(name) for record in done)

    peaks = [peak for record in records if (peak := mean([record.timing.get("memory_mib")])) > 0]
    begun = [record.timing for record in records if record.status != "planned"]
    whole, saved = ([timing.get(key) for timing in begun] for key in ("total_s", "saved_s"))
    return Cost(
        epochs=mean(record.metrics.get("final_epoch") for record in done),
        train_s=per_run("train_s"),
        eval_s=per_run("eval_s"),
        cpu_s=per_run("cpu_s"),
        memory_mib=max(peaks, default=math.nan),
        all_s=math.fsum(seconds for seconds in whole if seconds is not None and math.isfinite(seconds)),
        saved_s=math.fsum(seconds for seconds in saved if seconds is not None and math.isfinite(seconds)),
        untimed=sum(seconds is None for seconds in whole),
    )


def _with_verdicts(rows: Sequence[Row], reference_lost: bool, looks: tuple[int, int] | None) -> list[Row]:
    lost = [(row.lost, reference_lost) for row in rows]
    found = verdicts([row.difference for row in rows], looks=looks, lost=lost)
    return [replace(row, **one._asdict()) for row, one in zip(rows, found, strict=True)]


def _rank(row: Row) -> tuple[Any, ...]:
    """Put the reference first, then the table, then the best; rows without a figure last, by name."""
    figure = row.means.get(FIGURE, math.nan)
    known = math.isfinite(figure)
    return (not row.reference, row.table != CORE, not known, -figure if known else 0.0, row.label, row.form or "")
