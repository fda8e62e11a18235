"""Which runs the verdicts of a study still lack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.claims import Judgement
from bench.report.model import REFERENCE, UNDECIDED, Report
from bench.study import Run


def undecided_arms(report: Report) -> dict[str, set[tuple[str, str | None]]]:
    """Return (label, form) by data fingerprint of what still waits for a verdict: rows of the table, arms of claims."""
    waiting: dict[str, set[tuple[str, str | None]]] = {}
    for comparison in report.comparisons:
        names = {(row.label, row.form) for row in comparison.rows if row.verdict == UNDECIDED}
        names |= _arms_of(comparison.judgements)
        waiting.setdefault(comparison.condition["data"]["fingerprint"], set()).update(names)
    return waiting


def next_pairs(runs: Sequence[Run], report: Report, max_seeds: int) -> list[Run]:
    """Return one more seed for everything undecided, with the reference at the same seed: a pair at a time.

    Args:
        runs: all that have been carried out.
        report: on them.
        max_seeds: where it ends.
    """
    waiting = undecided_arms(report)
    latest: dict[tuple[str, str, str | None], Run] = {}
    for run in runs:
        key = run.data["fingerprint"], run.label, run.form
        if not run.replicate and (key not in latest or run.seed > latest[key].seed):
            latest[key] = run
    more: dict[str, Run] = {}
    for (fingerprint, label, form), run in latest.items():
        if (label, form) not in waiting.get(fingerprint, ()) or run.seed + 1 >= max_seeds:
            continue
        reference = latest.get((fingerprint, REFERENCE, None))
        for one in (reference, run):
            if one is not None:
                added = replace(one, seed=run.seed + 1)
                more[added.id] = added
    return list(more.values())


def _arms_of(judgements: Iterable[Judgement]) -> set[tuple[str, str | None]]:
    """Return the arms of claims that have been run and not been decided."""
    return {
        (arm.label, arm.form)
        for judgement in judgements
        if judgement.verdict == "UNDECIDED"
        for arm in judgement.claim.arms()
    }
