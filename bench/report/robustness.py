"""Criteria of how bad it can get: the worst seed, the worst data set, the wrong parameter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import fmean

from bench.records import LOST, RunRecord
from bench.report.groups import arm_key
from bench.report.material import ANY, NONE, SUITE, Material
from bench.report.model import REFERENCE, Row
from bench.report.numbers import figure, with_interval
from bench.report.parts import Cell, Criterion, Winner
from bench.report.rows import figures_of

_UNTESTED = Winner((), "not tested: an extreme of few has no interval")


def worst_seed(m: Material) -> Criterion:
    """Return the lowest mAP50-95 of any seed; a run that diverged or failed is worse than any figure."""

    def cell(row: Row) -> Cell:
        lost = [seed for seed in row.seeds if seed.status in LOST]
        if lost:
            return Cell(f"{lost[0].status} (seed {lost[0].seed})", None, None, len(row.seeds), (lost[0].run_id,))
        ended = [seed for seed in row.seeds if seed.mAP50_95 is not None]
        if not ended:
            return NONE
        worst = min(ended, key=lambda seed: (seed.mAP50_95, seed.seed))
        told = f"{figure(worst.mAP50_95)} (seed {worst.seed} of {len(ended)})"
        return Cell(told, worst.mAP50_95, None, len(ended), (worst.run_id,))

    return Criterion("worst_seed", "robustness: worst seed", tuple(map(cell, m.rows)), _UNTESTED, ANY)


def worst_data_set(m: Material) -> Criterion:
    """Return the lowest difference to the reference on any data set; the AP itself would tell the hardest data set."""

    def cell(row: Row) -> Cell:
        found = [
            (other.difference.mean, title, other)
            for title, rows in m.elsewhere.items()
            if (other := rows.get(arm_key(row.strategy, row.form))) is not None and other.difference is not None
        ]
        if row.reference or len(m.elsewhere) < 2 or len(found) < len(m.elsewhere):
            return NONE
        lowest, title, other = min(found, key=lambda one: one[:2])
        interval = other.difference.interval if other.difference else None
        return Cell(f"{with_interval(lowest, interval)} ({title})", lowest, interval, other.figures, other.run_ids)

    heading = f"robustness: worst data set, difference to {REFERENCE}"
    return Criterion("worst_data_set", heading, tuple(map(cell, m.rows)), _UNTESTED, "several --data")


def sensitivity(m: Material) -> Criterion:
    """Return how far mAP50-95 moves over the values of a parameter, on the seeds that all of them have."""

    def cell(row: Row) -> Cell:
        told, ranges, ids, seeds = [], [], [], 0
        for parameter, arms in sorted(_sweeps(row, m).items()):
            figures = [figures_of(arm) for arm in arms]
            common = set.intersection(*map(set, figures))
            if not common:
                continue
            means = [fmean(one[seed] for seed in common) for one in figures]
            ranges.append(max(means) - min(means))
            told.append(f"{parameter}: {ranges[-1]:.3f} over {len(arms)} values")
            ids += [run.id for arm in arms for run in arm if run.seed in common]
            seeds = max(seeds, len(common))
        return Cell("; ".join(told), max(ranges), None, seeds, tuple(dict.fromkeys(ids))) if ranges else NONE

    heading = "sensitivity: range of AP over a parameter's values"
    winner = Winner((), "not tested: a wider sweep has a wider range")
    return Criterion("sensitivity", heading, tuple(map(cell, m.rows)), winner, SUITE)


def _sweeps(row: Row, m: Material) -> dict[str, list[Sequence[RunRecord]]]:
    """Return for each parameter the arms that differ from the row in it alone, the row's own first."""
    home = row.strategy["parameters"]
    found: dict[str, list[Sequence[RunRecord]]] = {}
    for (label, form), group in m.runs.items():
        strategy = group[0].identity["strategy"]
        if strategy["name"] != row.strategy["name"] or form != row.form or (label, form) == (row.label, row.form):
            continue
        if strategy.get("source") != row.strategy.get("source"):  # another version of its code
            continue
        other = strategy["parameters"]
        changed = [key for key in {**home, **other} if _text(home.get(key)) != _text(other.get(key))]
        if len(changed) == 1 and figures_of(group):
            found.setdefault(changed[0], [m.of(row)]).append(group)
    return found


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
