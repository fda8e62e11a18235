"""What a run costs, on a GPU that is made up: torch refuses there what real ones refuse."""

from __future__ import annotations

import pytest
import torch

from bench.execution.usage import Usage


@pytest.fixture
def gpu(monkeypatch):
    """Stand in for a GPU in a process that has not used it yet; return the calls made, in order."""
    calls = []

    def reset(device):
        if "init" not in calls:
            raise RuntimeError("Invalid device argument : did you call init?")  # torch's allocator, word for word
        calls.append(("reset", device))

    monkeypatch.setattr(torch.cuda, "init", lambda: calls.append("init"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", reset)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: 3 * 2**20 if device == 1 else 0)
    return calls


def test_a_fresh_process_begins_with_cuda_before_it_counts(gpu):
    used = Usage("1").so_far()
    assert gpu == ["init", ("reset", 1)]
    assert used["memory_mib"] == 3.0


def test_the_cpu_leaves_cuda_alone(gpu):
    assert Usage("cpu").so_far()["cpu_s"] >= 0
    assert gpu == []
