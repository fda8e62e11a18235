"""What the gradient ledger costs, as a share of the training steps that it watches.

    python tests/benchmarks/ledger_overhead.py [rounds]

A clock is put around what the ledger does in a step (`Mixer._note`) and around the probe at the shared weights, which
is taken once in ten epochs; what is left of the epochs' time is training. All three come from the same run, so that
what else the machine does slows them alike.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import torch

import datasets
import strategies
from bench.arm import Arm
from bench.detector.job import Job
from bench.detector.mixer import Mixer
from bench.detector.shared_gradients import SharedGradientProbe
from bench.detector.trainer import PolygonTrainer
from bench.settings import DEFAULTS

EPOCHS = 10


def clocked(method: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    """Return a method that adds up what it takes."""

    def run(*args: Any) -> Any:
        start = time.perf_counter()
        found = method(*args)
        spent.append(time.perf_counter() - start)
        return found

    return run


def share(job: Job) -> tuple[float, float]:
    """Return the ledger's and the probe's time, each by that of training without them."""
    rows: list[dict[str, float]] = []
    notes: list[float] = []
    probes: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(Mixer, "_note", clocked(Mixer._note, notes)),
        mock.patch.object(SharedGradientProbe, "measure", clocked(SharedGradientProbe.measure, probes)),
    ):
        PolygonTrainer(job, Path(folder), rows.extend).run()
    training = sum(row["seconds"] for row in rows) - sum(notes)
    return sum(notes) / training, sum(probes) / training


def main(rounds: int) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    job = Job(
        arms=(Arm(strategies.build("cosine"), "paper"),),
        data=datasets.load("documents"),
        vertices=4,
        seed=0,
        model="yolo11n-polygon.yaml",
        settings={**DEFAULTS, "epochs": EPOCHS},
        device="cpu",
        val_every=EPOCHS,
    )
    found = []
    for number in range(rounds + 1):
        ledger, probe = share(job)
        if number:  # the first round warms up
            found.append(ledger + probe)
            print(f"round {number}: every step {ledger:.2%}, the probe {probe:.2%}", flush=True)
    print(f"the ledger takes {statistics.median(found):.2%} of the training it watches (median of {rounds} rounds)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
