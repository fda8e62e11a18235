"""A run's history in a few numbers, for its record: what a report and the claims need of every epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean, median, stdev

from bench.detector.shared_gradients import PROBE_COLUMNS
from bench.history_columns import LEDGER_COLUMNS
from bench.metrics import FIGURE
from strategies import Stage

MEANS = (*LEDGER_COLUMNS, *PROBE_COLUMNS)
"""Columns of history.csv whose mean over the epochs that have them is kept."""

SPIKE = 4.0
"""A loss that jumps by more than so many robust standard deviations of the jumps before it is a spike."""
_BEFORE = 10
_SIDE = 3
"""Epochs on each side of a transition that are averaged."""

Row = Mapping[str, float]


def summarise(rows: Sequence[Row], epochs: int, stages: Sequence[Stage] = ()) -> dict[str, float]:
    """Return a history's summary. What cannot be known from it is left out.

    Args:
        rows: of history.csv, in order.
        epochs: how many the run was to have.
        stages: those that began after the first epoch of the run, in order.

    Returns:
        The means of `MEANS`; and

        - `grad_ratio`: median over the epochs of ‖∂L2/∂v‖ / ‖∂MGIoU/∂v‖
        - `loss_spikes`: epochs whose polygon loss (the mean of the two, unweighted) jumps by more than `SPIKE` robust
          standard deviations (1.4826 MAD) of the changes in the 10 epochs before
        - `transition_epoch`: the first epoch after the largest change of alpha from one epoch to the next;
          `transition_jump`: the polygon loss in the 3 epochs from there less that in the 3 before, as a z-score
          among such differences earlier in the run; `transition_dip`: mAP50-95 first measured from there less
          that last measured before
        - `full_image_peak`: the highest full-image rate that was measured
        - `stages`, `restarts`: how many stages the run has, and how many of them restart the optimiser
        - `stage2_low_mAP50_95`: the lowest mAP50-95 after the first stage ended, of the last measured in each tenth of
          the run: the least of many readings is lower than that of few, however often one measures
    """
    found = {column: _mean(row.get(column) for row in rows) for column in MEANS}
    ratios = [row["grad_l2"] / row["grad_mgiou"] for row in rows if row.get("grad_mgiou", 0.0) > 0]
    peaks = [row["full_image"] for row in rows if _known(row.get("full_image"))]
    found |= {
        "grad_ratio": median(ratios) if ratios else math.nan,
        "full_image_peak": max(peaks, default=math.nan),
        "stages": 1.0 + len(stages),
        "restarts": float(sum(stage.restart for stage in stages)),
        **_spikes(rows),
        **_transition(rows),
    }
    if stages:
        first = stages[0].first_epoch(epochs)
        known = [row for row in rows if row["epoch"] > first and _known(row.get(FIGURE))]
        by_tenth = {math.ceil(10 * row["epoch"] / epochs): row[FIGURE] for row in known}  # the last of each
        found[f"stage2_low_{FIGURE}"] = min(by_tenth.values(), default=math.nan)
    return {name: value for name, value in found.items() if _known(value)}


def _spikes(rows: Sequence[Row]) -> dict[str, float]:
    losses = _polygon_losses(rows)
    if not all(map(math.isfinite, losses)):
        return {}
    changes = [after - before for before, after in pairwise(losses)]
    count = 0
    for index in range(_BEFORE, len(changes)):
        before = changes[index - _BEFORE : index]
        middle = median(before)
        spread = 1.4826 * median(abs(change - middle) for change in before)
        count += changes[index] - middle > SPIKE * spread > 0
    return {"loss_spikes": float(count)} if len(changes) > _BEFORE else {}


def _transition(rows: Sequence[Row]) -> dict[str, float]:
    alphas = [row.get("alpha", math.nan) for row in rows]
    moves = [abs(after - before) for before, after in pairwise(alphas)]
    if not moves or not all(map(math.isfinite, moves)) or max(moves) < 1e-6:
        return {}
    at = moves.index(max(moves)) + 1
    found = {"transition_epoch": rows[at]["epoch"]}
    losses = _polygon_losses(rows)
    if not all(map(math.isfinite, losses)):
        return found
    earlier = [_jump(losses, index) for index in range(_SIDE, at - _SIDE + 1)]
    if at + _SIDE <= len(losses) and len(earlier) > _SIDE and stdev(earlier) > 0:
        found["transition_jump"] = (_jump(losses, at) - fmean(earlier)) / stdev(earlier)
    measured = [(index, row[FIGURE]) for index, row in enumerate(rows) if _known(row.get(FIGURE))]
    before = [ap for index, ap in measured if index < at]
    after = [ap for index, ap in measured if index >= at]
    if before and after:
        found["transition_dip"] = after[0] - before[-1]
    return found


def _jump(losses: Sequence[float], at: int) -> float:
    return fmean(losses[at : at + _SIDE]) - fmean(losses[at - _SIDE : at])


def _polygon_losses(rows: Sequence[Row]) -> list[float]:
    return [(row.get("loss_l2", math.nan) + row.get("loss_mgiou", math.nan)) / 2 for row in rows]


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return fmean(known) if known else math.nan


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
