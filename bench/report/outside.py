"""What stands outside the comparison table: escape tests, controls, replicates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from bench.arm_name import arm_name
from bench.claims.quantities import EVENTS
from bench.margins import LEARNT
from bench.records import LOST, RunRecord
from bench.report.arms import CONTROL, REPLICATE, RESCUE, whose
from bench.report.groups import arm_key, condition_of
from bench.report.parts import Control, Escape, Noise
from bench.report.rows import Key, Runs, figures_of
from bench.statistics import paired_difference, rate_interval, verdicts


def escapes(runs: Mapping[str, Runs], own: Runs) -> tuple[Escape, ...]:
    """Return each escape test with the share of stuck detectors it frees and the AP it ends with.

    Args:
        runs: by kind and row.
        own: the runs of the strategies themselves, by row.
    """
    return tuple(_escape(key, group, own) for key, group in sorted(runs.get(RESCUE, {}).items(), key=_by_name))


def controls(runs: Mapping[str, Runs], own: Runs, looks: tuple[int, int] | None) -> tuple[Control, ...]:
    """Return each control beside its strategy, all of them judged together."""
    groups = sorted(runs.get(CONTROL, {}).items(), key=_by_name)
    pairs, lost = [], []
    for _, group in groups:
        mine = own_runs(own, group[0])
        a, b = figures_of(mine), figures_of(group)
        pairs.append(paired_difference(a, b) if a.keys() & b.keys() else None)
        lost.append((_lost(mine), _lost(group)))
    judged = verdicts(pairs, looks=looks, lost=lost)
    return tuple(
        Control(
            of=arm_name(whose(group[0]), form),
            label=label,
            kind=group[0].identity["strategy"]["name"],
            difference=pair,
            run_ids=tuple(record.id for record in group),
            **one._asdict(),
        )
        for ((label, form), group), pair, one in zip(groups, pairs, judged, strict=True)
    )


def noise(runs: Mapping[str, Runs], compared: Iterable[RunRecord]) -> Noise:
    """Return how far a run is from the same run once more."""
    first = {_again(record): record for record in compared if record.done}
    pairs = []
    for (label, form), group in sorted(runs.get(REPLICATE, {}).items(), key=_by_name):
        for record in group:
            again, once = figures_of([record]), first.get(_again(record))
            if once is not None and again and (figure := figures_of([once])):
                apart = again[record.seed] - figure[record.seed]
                pairs.append((arm_name(label, form), record.seed, once.id, record.id, apart))
    squares = [pair[-1] ** 2 for pair in pairs]
    return Noise(tuple(pairs), math.sqrt(math.fsum(squares) / len(squares)) if squares else None)


def own_runs(own: Runs, record: RunRecord) -> Sequence[RunRecord]:
    """Return the runs of the strategy that a rescue or a control is of, in its form and of the same code.

    One that gives MGIoU no weight serves every form. Where a label stands for several strategies, none is taken.
    """
    label, source = whose(record), record.identity["strategy"].get("source")
    for form in dict.fromkeys((record.form, None)):
        found = [
            group
            for (_, of), group in own.items()
            if of == form and group[0].label == label and group[0].identity["strategy"].get("source") == source
        ]
        if found:
            return found[0] if len(found) == 1 else ()
    return ()


def _escape(key: Key, group: Sequence[RunRecord], own: Runs) -> Escape:
    label, form = key
    by = whose(group[0])
    read = EVENTS["escaped"].read
    freed = {record.seed: event for record in group if (event := read(record)) is not None}
    # A run that never was stuck has nothing to recover from.
    ends, by_itself = figures_of(record for record in group if record.seed in freed), own_runs(own, group[0])
    alone = figures_of(record for record in by_itself if not EVENTS["degenerate"].read(record))
    kept = {seed: ap / alone[seed] for seed, ap in ends.items() if alone.get(seed, 0.0) >= LEARNT}
    return Escape(
        label=label,
        by=by,
        form=form,
        runs=len(group),
        freed=freed,
        left=sum(EVENTS["stuck"].read(record) is False for record in group if record.seed in freed),
        interval=rate_interval(sum(freed.values()), len(freed)),
        lost=sum(record.status in LOST for record in (*group, *by_itself)),
        failed=sum(record.status == "failed" for record in group),
        ends=ends,
        kept=paired_difference(kept, dict.fromkeys(kept, 0.0)) if kept else None,
        run_ids=tuple(record.id for record in group),
    )


def _lost(records: Iterable[RunRecord]) -> bool:
    return any(record.status in LOST for record in records)


def _again(record: RunRecord) -> tuple[str, str, int]:
    return condition_of(record), arm_key(record.identity["strategy"], record.form), record.seed


def _by_name(item: tuple[Key, Sequence[RunRecord]]) -> tuple[str, str]:
    (label, form), _ = item
    return label, form or ""
