"""A comparison as tables of text, the same for every format that is read by people."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from bench.report.model import REFERENCE, Comparison, Row
from bench.terminal import duration

MISSING = "–"


def main_table(comparison: Comparison) -> pd.DataFrame:
    """Return the comparison table, a row a strategy."""
    return pd.DataFrame(
        [
            {
                "strategy": row.label,
                "MGIoU": row.form or MISSING,
                "seeds": f"{row.done}/{row.planned}",
                "mAP50": figure(row.means.get("mAP50")),
                "mAP50-95": figure(row.means.get("mAP50_95")) + (f" ± {row.sd:.3f}" if row.sd is not None else ""),
                "AP75": figure(row.means.get("mAP75")),
                "full-image": percent(row.means.get("full_image")),
                "bow tie": percent(row.means.get("bow_tie")),
                f"difference to {REFERENCE}": difference(row),
                "training time": duration(row.train_s) if row.train_s is not None else MISSING,
                "status": statuses(row.statuses),
            }
            for row in comparison.rows
        ]
    )


def shape_table(comparison: Comparison) -> pd.DataFrame:
    """Return AP of the ring and the box, and the rarer degenerate shapes."""
    return pd.DataFrame(
        [
            {
                "strategy": row.label,
                "MGIoU": row.form or MISSING,
                "ring mAP50": figure(row.means.get("ring_mAP50")),
                "ring mAP50-95": figure(row.means.get("ring_mAP50_95")),
                "box mAP50-95": figure(row.means.get("box_mAP50_95")),
                "hull AP90": figure(row.means.get("mAP90")),
                "collapsed": percent(row.means.get("collapsed")),
                "outside": percent(row.means.get("outside")),
                "no prediction": percent(row.means.get("no_prediction")),
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
                f"difference to {REFERENCE}": MISSING if seed.difference is None else f"{seed.difference:+.3f}",
                "run": seed.run_id,
                "status": seed.status,
            }
            for row in comparison.rows
            for seed in row.seeds
        ]
    )


def failures(comparison: Comparison) -> list[str]:
    """Return a line for each run that did not end well."""
    return [
        f"{row.label}{f' ({row.form})' if row.form else ''}, seed {seed.seed}, run {seed.run_id}: {seed.status}"
        + (f": {seed.reason}" if seed.reason else "")
        for row in comparison.rows
        for seed in row.seeds
        if seed.status in ("diverged", "failed", "interrupted")
    ]


def difference(row: Row) -> str:
    """Return mean, interval and verdict of the difference to the reference."""
    found = row.difference
    if row.label == REFERENCE:
        return "reference"
    if found is None:
        return MISSING
    if found.interval is None:
        return f"{found.mean:+.3f} {row.verdict}"
    low, high = found.interval
    more = ""
    if row.verdict == "UNDECIDED" and not found.decided and found.seeds_to_decide:
        more = f" (≈ {found.seeds_to_decide} seeds)"
    return f"{found.mean:+.3f} [{low:+.3f}, {high:+.3f}] {row.verdict}{more}"


def figure(value: float | None) -> str:
    """Return an AP to three digits."""
    return MISSING if value is None or not math.isfinite(value) else f"{value:.3f}"


def percent(value: float | None) -> str:
    """Return a rate; one that is neither 0 nor 1 is never rounded to either."""
    if value is None or not math.isfinite(value):
        return MISSING
    if 0 < value < 0.005:
        return "< 1 %"
    if 0.995 <= value < 1:
        return "> 99 %"
    return f"{value:.0%}".replace("%", " %")


def statuses(counts: Mapping[str, int]) -> str:
    """Return `done 3` or `done 2, failed 1`."""
    return ", ".join(f"{status} {counts[status]}" for status in sorted(counts, key=lambda s: (s != "done", s)))
