"""Comparison tables as text, the same for every format that is read by people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pandas as pd

from bench.metrics import FIGURE
from bench.report.conclusion import statuses
from bench.report.model import REFERENCE, Comparison, Row
from bench.report.numbers import MISSING, figure, number, percent, with_interval
from bench.report.parts import Judged
from bench.report.row import Rate
from bench.statistics import PairedDifference
from bench.text import how_many

DEGENERATE = "ended in a degenerate shape on most images"
RARE = {"collapsed": "collapsed", "outside": "outside", "no_prediction": "no prediction"}
"""Degenerate shapes that have a column only where there are any."""


def main_table(comparison: Comparison) -> pd.DataFrame:
    """Return the comparison table, a row a strategy."""
    return _rows_table(comparison, comparison.core)


def variants_table(comparison: Comparison) -> pd.DataFrame:
    """Return the table of variants, in the same form, below the same reference."""
    return _rows_table(comparison, [row for row in comparison.core if row.reference] + list(comparison.variants))


def shape_table(comparison: Comparison) -> pd.DataFrame:
    """Return AP of the ring and the box, AP90 of the hull, and the rarer degenerate shapes that were seen."""
    rare = {rate: heading for rate, heading in RARE.items() if seen(comparison, rate)}
    return pd.DataFrame(
        [
            {
                "strategy": row.label,
                "MGIoU": row.form or MISSING,
                "ring mAP50": figure(row.means.get("ring_mAP50")),
                "ring mAP50-95": figure(row.means.get("ring_mAP50_95")),
                "ring AP75": figure(row.means.get("ring_mAP75")),
                "box mAP50-95": figure(row.means.get("box_mAP50_95")),
                "hull AP90": figure(row.means.get("mAP90")),
                **{heading: percent(row.means.get(rate)) for rate, heading in rare.items()},
            }
            for row in comparison.rows
        ]
    )


def seed_table(comparison: Comparison) -> pd.DataFrame:
    """Return every run with its figure, so that each mean can be traced."""
    return pd.DataFrame(
        [
            {
                "strategy": row.label,
                "MGIoU": row.form or MISSING,
                "seed": str(seed.seed),
                "mAP50-95": figure(seed.mAP50_95),
                f"difference to {REFERENCE}": "reference" if row.reference else number(seed.difference, "+.3f"),
                "run": seed.run_id,
                "status": seed.status,
            }
            for row in comparison.all_rows
            for seed in row.seeds
        ]
    )


def failures(comparison: Comparison) -> list[str]:
    """Return each strategy's rates of lost and of degenerate runs, where not zero; then each lost run, and why."""
    rates = [
        f"{row.name}: {rate.count} of {rate.total} {what}{_kinds(rate)}, {percent(rate.count / rate.total)} "
        f"(95 % interval {percent(rate.interval[0])} to {percent(rate.interval[1])})"
        for row in comparison.all_rows
        for rate, what in ((row.failures, "diverged or failed"), (row.degenerate, DEGENERATE))
        if rate and rate.count
    ]
    runs = [
        f"{row.name}, seed {seed.seed}, run {seed.run_id}: {seed.status}: {seed.reason or 'no reason on record'}"
        for row in comparison.all_rows
        for seed in row.seeds
        if seed.status in ("diverged", "failed", "interrupted")
    ]
    return rates + runs


def _kinds(rate: Rate) -> str:
    """Return ` (bow tie 2)`: in how many of the runs each kind was."""
    told = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in rate.kinds.items())
    return f" ({told})" if told else ""


def seen(comparison: Comparison, rate: str) -> bool:
    """Whether some row has a rate above zero."""
    return any(row.means.get(rate, 0.0) > 0 for row in comparison.rows)


def difference(row: Row) -> str:
    """Return mean, interval and verdict of the difference to the reference."""
    return "reference" if row.reference else judged(row, row.difference)


def judged(row: Judged, found: PairedDifference | None) -> str:
    """Return a difference with its interval and the row's verdict on it; where that is open, with what would decide."""
    if found is None:
        return MISSING
    why = [row.kept_open_by] if row.kept_open_by else []
    needed = how_many(row.seeds_to_decide, row.open_up_to)
    why += [f"{needed} seeds"] if needed else []
    more = f" ({', '.join(why)})" if why else ""
    return f"{with_interval(found.mean, found.interval)} {row.verdict}{more}"


def kept_share(found: PairedDifference) -> str:
    """Return a share of AP that is kept; where there is no interval, of how many runs it is."""
    bare = f" ({found.n} {'run' if found.n == 1 else 'runs'})" if found.interval is None else ""
    return with_interval(found.mean, found.interval, ".2f") + bare


def status(row: Row) -> str:
    """Return `done 3`, `done 2, failed 1`, or `done 3 (1 without mAP50-95)`."""
    bare = row.done - row.figures
    told = statuses(row.statuses)
    return told.replace(f"done {row.done}", f"done {row.done} ({bare} without mAP50-95)") if bare else told


def time_unit(seconds: Iterable[float | None]) -> tuple[float, str]:
    """Return one unit for a table's times, in seconds, and its sign."""
    longest = max((one for one in seconds if one is not None and math.isfinite(one)), default=0.0)
    if longest < 120:
        return 1.0, "s"
    return (60.0, "min") if longest < 7200 else (3600.0, "h")


def _rows_table(comparison: Comparison, rows: Sequence[Row]) -> pd.DataFrame:
    what, times = _times(comparison, rows)
    seconds, unit = time_unit(times)
    return pd.DataFrame(
        [
            {
                "strategy": row.label,
                "MGIoU": row.form or MISSING,
                "seeds": f"{row.done}/{row.planned}",
                "mAP50": figure(row.means.get("mAP50")),
                "mAP50-95": figure(row.means.get(FIGURE)) + (f" ± {row.sd:.3f}" if row.sd is not None else ""),
                "AP75": figure(row.means.get("mAP75")),
                "full-image": percent(row.means.get("full_image")),
                "bow tie": percent(row.means.get("bow_tie")),
                f"difference to {REFERENCE}": difference(row),
                f"{what}, {unit}": number(time, f".{int(seconds > 1)}f", seconds),
                "status": status(row),
            }
            for row, time in zip(rows, times, strict=True)
        ]
    )


def _times(comparison: Comparison, rows: Sequence[Row]) -> tuple[str, list[float | None]]:
    """Return what a run of each row took, and what that is.

    On a processor it is processor time, which knows nothing of pauses and of what else the machine was busy with.
    """
    processor = [row.cost.cpu_s if row.done else None for row in rows]
    known = [one for one in processor if one is not None]
    if comparison.provenance.get("device") == ("cpu",) and known and all(map(math.isfinite, known)):
        return "CPU", processor
    return "training", [row.train_s for row in rows]
