"""A training step inside the harness against the bare forward, backward and optimiser step on a batch in memory.

    python tests/benchmarks/bare_step.py [--rounds 5] [--precision fp32]

In the harness a step is what `history.csv` says an epoch of training took, by its number of batches: loading,
augmentation, both polygon losses with their ledger, clipping, averaging and all. Bare is Ultralytics' own pose loss on
the same network with the same optimiser, in the same precision and memory layout.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch
from torch import nn
from ultralytics.nn.tasks import PoseModel
from ultralytics.utils.loss import v8PoseLoss

import datasets
import strategies
from bench.arm import Arm
from bench.detector.job import Job
from bench.detector.model import PolygonModel
from bench.detector.precision import amp_of
from bench.detector.trainer import PolygonTrainer
from bench.settings import DEFAULTS

EPOCHS, WARM = 6, 2


def harness(job: Job) -> tuple[float, PolygonTrainer]:
    """Return the seconds of a step, and the trainer."""
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        trainer = PolygonTrainer(job, Path(folder), rows.extend)
        trainer.run()
    steps = len(trainer.train_loader) * (EPOCHS - WARM)
    return sum(row["seconds"] for row in rows[WARM:]) / steps, trainer


def bare(trainer: PolygonTrainer) -> float:
    """Return the seconds of a step on a batch that is there already."""
    model: nn.Module = trainer.model
    assert isinstance(model, PolygonModel)
    assert isinstance(model, PoseModel)
    batch = trainer.preprocess_batch(next(iter(trainer.train_loader)))
    model.criterion = v8PoseLoss(model)
    model.train()
    optimizer = trainer.build_optimizer(model, "AdamW", lr=1e-5, momentum=0.9)
    steps, start = len(trainer.train_loader) * (EPOCHS - WARM), 0.0
    for number in range(steps + 2):
        if number == 2:  # the first ones warm up
            start = time.perf_counter()
        loss, _ = model(batch)
        loss.sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    return (time.perf_counter() - start) / steps


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    job = Job(
        arms=(Arm(strategies.build("cosine"), "paper"),),
        data=datasets.load("documents"),
        vertices=4,
        seed=0,
        model="yolo11n-polygon.yaml",
        settings={**DEFAULTS, "epochs": EPOCHS, "amp": amp_of(options.precision)},
        device="cpu",
        val_every=EPOCHS,
    )
    ratios = []
    for number in range(options.rounds + 1):
        ours, trainer = harness(job)
        plain = bare(trainer)
        if number:  # the first round warms up
            ratios.append(plain / ours)
            print(
                f"round {number}: harness {1e3 * ours:.1f} ms, bare {1e3 * plain:.1f} ms: {ratios[-1]:.3f}", flush=True
            )
    print(f"{options.precision}: the harness takes steps at {statistics.median(ratios):.3f} of the bare rate (median)")


if __name__ == "__main__":
    main()
