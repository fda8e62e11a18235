"""Runs small enough to train in seconds, as workers get them."""

from __future__ import annotations

import os
import subprocess
from collections import deque

import pytest

import datasets
import strategies
from bench.detector.model import model_digest
from bench.execution.task import Task, Work
from bench.settings import DEFAULTS
from bench.study import arms_of, plan
from bench.tracking import TrackingConfig
from tests.devices import DEVICE
from tests.models import SMALL


class Queue(deque):
    """Work in order, as a pool takes it."""

    @property
    def empty(self):
        return not self

    def take(self):
        return self.popleft() if self else None

    def put_back(self, work):
        self.extendleft(reversed(work))


@pytest.fixture(scope="session")
def make_runs(small_folder):
    """Return a maker of runs: `make_runs("l2", "cosine", epochs=4, forms=("paper", "centred"))`."""

    def make(*texts, seeds=(0,), forms=("paper",), model=SMALL, **settings):
        return plan(
            arms_of([one for text in texts for one in strategies.parse(text)], forms),
            seeds=seeds,
            data=datasets.load(small_folder),
            vertices=4,
            model=model,
            settings={**DEFAULTS, "epochs": 2, "imgsz": 64, "batch": 4, **settings},
            model_digest=model_digest(model),
        )

    return make


@pytest.fixture(scope="session")
def make_tasks(small_folder):
    """Return what makes runs tasks in a folder, by run id."""

    def make(runs, folder, plugins=(), **changes):
        defaults = {"val_every": 3, "snapshot_every": 10, **changes}
        return {
            run.id: Task(
                run_id=run.id,
                label=run.label,
                study="main",
                identity=run.identity,
                source=str(small_folder),
                folder=folder / run.id,
                device=DEVICE,
                plugins=plugins,
                tracking=TrackingConfig(wandb="off", tensorboard=False, folder=folder),
                **defaults,
            )
            for run in runs
        }

    return make


def alone(tasks) -> Queue:
    """Return each task as work of its own."""
    return Queue(Work((task,), task.epochs) for task in tasks)


@pytest.fixture
def small_disk(tmp_path):
    """Return a file system of 24 MiB: not enough for the snapshots of two runs."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name != "posix" or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", folder]).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
