"""How many processes load images beside a training."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from bench.detector import loaders as module
from bench.detector.loaders import loaders, spare_cores
from bench.detector.trainer import PolygonTrainer
from tests.devices import DEVICE


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return what makes a machine: `machine(threads=4, cores=8, shared=2**26)`, of which a run has so many threads."""

    def make(threads=8, cores=8, shared=2**34):
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        monkeypatch.setattr(module, "cores", lambda: cores)
        monkeypatch.setattr(module, "CONTEXT", "fork")
        monkeypatch.setattr(module, "_SHARED_MEMORY", tmp_path)
        monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=shared))

    return make


@pytest.mark.parametrize(("device", "threads", "expected"), [("0", 4, 3), ("1", 1, 0), ("0", 64, 8), ("cpu", 4, 0)])
def test_the_cores_that_a_gpu_run_has_besides_its_own(machine, device, threads, expected):
    machine(threads)
    assert spare_cores(device) == expected


def test_none_where_a_process_cannot_be_forked(machine, monkeypatch):
    machine()
    monkeypatch.setattr(module, "CONTEXT", None)
    assert spare_cores("0") == 0


@pytest.mark.parametrize(
    ("shared", "batch", "imgsz", "expected"),
    [
        (2**26, 16, 96, 7),  # 64 MiB: a batch has 0.4 MB
        (2**26, 16, 320, 3),  # 4.9 MB
        (2**26, 16, 640, 0),  # 19.7 MB: two of them, and as much again for others, are more than there is
        (2**34, 64, 1280, 7),
    ],
)
def test_shared_memory_has_room_for_what_they_have_ready(machine, shared, batch, imgsz, expected):
    machine(shared=shared)
    assert loaders(7, 10_000, batch, imgsz) == expected


def test_runs_that_share_the_machine_share_its_memory(machine):
    machine(threads=8, shared=2**28)
    assert loaders(7, 10_000, 16, 640) == 3
    machine(threads=4, shared=2**28)
    assert loaders(7, 10_000, 16, 640) == 1


@pytest.mark.parametrize(("images", "expected"), [(1, 0), (16, 0), (17, 1), (40, 2), (1000, 7)])
def test_no_more_than_there_are_batches_to_have_ready(machine, images, expected):
    machine()
    assert loaders(7, images, 16, 96) == expected


@pytest.mark.parametrize(("settings", "expected"), [({}, 2), ({"workers": 0}, 0), ({"workers": 1}, 1)])
def test_what_is_said_of_workers_goes_before(job, tmp_path, monkeypatch, settings, expected):
    """On the CPU Ultralytics has none, whatever is said."""
    monkeypatch.setattr("bench.detector.trainer.spare_cores", lambda device: {DEVICE: 2}[device])
    trainer = PolygonTrainer(job("l2", **settings), tmp_path, lambda rows: None)
    trainer._setup_train()
    used = 0 if DEVICE == "cpu" else expected
    assert trainer.train_loader.num_workers == used
    assert (trainer.train_loader.dataset.memory is None) == (used > 0)


def test_they_end_with_a_training_that_fails(job, tmp_path):
    import multiprocessing

    class Failing(PolygonTrainer):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.args.workers = 2

        def _close_batch(self):
            self.seen = multiprocessing.active_children()
            raise KeyError("a strategy that fails")

    trainer = Failing(job("l2"), tmp_path, lambda rows: None)
    with pytest.raises(KeyError):
        trainer.run()
    assert len(trainer.seen) == 2
    assert not any(process.is_alive() for process in trainer.seen)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere images are loaded by the process that trains")
def test_they_end_with_the_process_that_trains(tmp_path):
    """Killed, it cannot tell them, and one that waits for somebody to read what it has loaded does not look."""
    script = (
        "import os, time\n"
        "from bench.detector.loaders import end_with_parent\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    end_with_parent(0)\n"
        "    os.write(1, b'ready\\n')\n"  # a line at once, whatever PYTHONUNBUFFERED says: the two share a pipe
        "    time.sleep(600)\n"
        "os.write(1, b'%d\\n' % child)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        said = {process.stdout.readline().strip() for _ in range(2)}
        process.kill()
        (child,) = said - {"ready"}
        assert process.stdout.read() == ""  # which ends when nobody holds its other end
    assert child.isdecimal()
