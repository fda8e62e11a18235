"""Which runs the verdicts of a study still lack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.claims import open_arms
from bench.report.groups import arm_key, condition_key, condition_of
from bench.report.model import REFERENCE, UNDECIDED, Comparison, Report
from bench.statistics import LOST_RUNS, NO_SPREAD
from bench.study import Run


def next_pairs(runs: Sequence[Run], report: Report, max_seeds: int) -> list[Run]:
    """Return one more seed for everything undecided, with the reference at the same seed: a pair at a time.

    Args:
        runs: all that are over, whatever became of them: after a seed whose run was lost comes the next one.
        report: on them.
        max_seeds: where it ends.
    """
    latest: dict[tuple[str, str], Run] = {}
    for run in runs:
        key = condition_of(run), arm_key(run.identity["strategy"], run.form)
        if not run.replicate and (key not in latest or run.seed > latest[key].seed):
            latest[key] = run
    references = {condition: run for (condition, _), run in latest.items() if run.label == REFERENCE}
    comparisons = {condition_key(one.condition): one for one in report.comparisons}
    more: dict[str, Run] = {}
    for (condition, _), run in latest.items():
        found = comparisons.get(condition)
        if found is None or not waits(run, found) or run.seed + 1 >= max_seeds:
            continue
        for one in (references.get(condition), run):
            if one is not None:
                added = replace(one, seed=run.seed + 1)
                more[added.id] = added
    return list(more.values())


def waits(run: Run, comparison: Comparison) -> bool:
    """Return whether more seeds of a run's strategy could decide what is still undecided: its row, or a claim on it.

    Two strategies may share a label, where a default has changed between their runs; a row is of one of them alone.
    """
    arm = arm_key(run.identity["strategy"], run.form)
    open_rows = (
        row for row in comparison.rows if row.verdict == UNDECIDED and row.kept_open_by not in (NO_SPREAD, LOST_RUNS)
    )
    if any(arm_key(row.strategy, row.form) == arm for row in open_rows):
        return True
    claimed = (one for judgement in comparison.judgements for one in open_arms(judgement))
    return any((one.label, one.form) == (run.label, run.form) for one in claimed)
