"""What the gradient ledger costs: a training epoch with it against one without, interleaved in one process.

    python tests/benchmarks/ledger_overhead.py [pairs]

Prints the ratio of each pair of trainings, and their median. With: every step noted, the probe at the shared weights
every tenth epoch. Without: the same losses, weights and gradients, nothing noted, no probe.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import torch

import datasets
import strategies
from bench.arm import Arm
from bench.detector.mixer import Mixer
from bench.detector.probe import SharedGradientProbe
from bench.detector.trainer import Job, PolygonTrainer
from bench.settings import DEFAULTS

EPOCHS = 10


def seconds(job: Job) -> float:
    """Return the time of ten epochs: the steps as the trainer clocks them, and the one probe."""
    rows, probes = [], []
    measure = SharedGradientProbe.measure

    def timed(self: SharedGradientProbe, model: torch.nn.Module) -> dict[str, float]:
        start = time.perf_counter()
        found = measure(self, model)
        probes.append(time.perf_counter() - start)
        return found

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(SharedGradientProbe, "measure", timed):
        PolygonTrainer(job, Path(folder), lambda found: rows.extend(found)).run()
    return sum(row["seconds"] for row in rows) + sum(probes)


def main(pairs: int) -> None:
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
    ratios = []
    for number in range(pairs + 1):
        with_ledger = seconds(job)
        with mock.patch.object(Mixer, "_note"), mock.patch.object(SharedGradientProbe, "measure", return_value={}):
            without = seconds(job)
        if number:  # the first pair warms up
            ratios.append(with_ledger / without)
            print(
                f"pair {number}: {with_ledger:.2f} s with, {without:.2f} s without, ratio {ratios[-1]:.3f}", flush=True
            )
    print(f"median ratio of {pairs} pairs: {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
