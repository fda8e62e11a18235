"""Who loads images beside a training."""

from __future__ import annotations

import pytest
import torch

from bench.detector.device import spare_cores
from bench.detector.trainer import PolygonTrainer
from tests.devices import DEVICE


@pytest.mark.parametrize(("device", "threads", "expected"), [("0", 4, 3), ("1", 1, 0), ("0", 64, 8), ("cpu", 4, 0)])
def test_the_cores_that_a_gpu_run_has_besides_its_own(monkeypatch, device, threads, expected):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert spare_cores(device) == expected


@pytest.mark.parametrize(("settings", "expected"), [({}, 2), ({"workers": 0}, 0), ({"workers": 1}, 1)])
def test_what_is_said_of_workers_goes_before(job, tmp_path, monkeypatch, settings, expected):
    """On the CPU Ultralytics has none, whatever is said."""
    monkeypatch.setattr("bench.detector.trainer.spare_cores", lambda device: {DEVICE: 2}[device])
    trainer = PolygonTrainer(job("l2", **settings), tmp_path, lambda rows: None)
    trainer._setup_train()
    assert trainer.train_loader.num_workers == (0 if DEVICE == "cpu" else expected)
