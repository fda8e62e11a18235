"""Which controls a study's finished runs call for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import strategies
from bench.errors import UserError
from bench.records import RunFolder
from bench.study import Run

Trajectory = tuple[tuple[float, float], ...]


def control_runs(runs: Sequence[Run], folder: Path) -> list[Run]:
    """Return the controls of every run whose weights vary, from what `history.csv` says they were.

    - averaged: the run's own weights, averaged over its epochs, on its own seed
    - shuffled: the same weights in an order drawn from the seed
    - replayed: on its own seed, the weights of the neighbouring seed's run; only for a strategy that follows its run,
      since one that does not would only repeat itself

    Args:
        runs: done, with their histories in `folder`; a strategy that is no part of `--all` has no controls.
        folder: the study's.
    """
    recorded = {
        run.id: (run, trajectory)
        for run in runs
        if run.strategy.core
        and not run.replicate
        and strategies.varies(run.strategy, run.settings["epochs"])
        and (trajectory := _recorded(folder / run.id)) is not None
    }
    planned = []
    for run, own in recorded.values():
        if len(set(own)) > 1:  # otherwise it could have varied, and has not
            planned.append(_control(run, "control-average", (_average(own),)))
            planned.append(_control(run, "control-shuffle", _shuffled(own, run.seed)))
        if strategies.open_loop_weights(run.strategy, run.settings["epochs"]) is None:
            neighbours = (replace(run, seed=seed).id for seed in (run.seed - 1, run.seed + 1))
            # The seed before first: a seed that is added to a study later then changes no control of an earlier one.
            other = next((recorded[one] for one in neighbours if one in recorded), None)
            if other is not None and other[1] != own:
                planned.append(_control(run, "control-replay", other[1]))
    return planned


def _control(run: Run, name: str, trajectory: Trajectory) -> Run:
    return replace(run, strategy=strategies.build(name, {"of": run.label, "trajectory": trajectory}))


def _recorded(folder: Path) -> Trajectory | None:
    """Return (w_l2, w_mgiou) by epoch; None where a run left no whole history."""
    try:
        history = RunFolder(folder).read_history()
        rows = tuple((float(a), float(b)) for a, b in zip(history["w_l2"], history["w_mgiou"], strict=True))
    except (FileNotFoundError, KeyError, ValueError, UserError):
        return None
    return rows if rows and all(map(math.isfinite, sum(rows, ()))) else None


def _average(trajectory: Trajectory) -> tuple[float, float]:
    w_l2, w_mgiou = np.mean(trajectory, axis=0).tolist()
    return w_l2, w_mgiou


def _shuffled(trajectory: Trajectory, seed: int) -> Trajectory:
    return tuple(trajectory[i] for i in np.random.default_rng(seed).permutation(len(trajectory)))
