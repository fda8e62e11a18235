"""Devices as Ultralytics names them, and as torch does."""

from __future__ import annotations

import torch

_MOST = 8
"""Ultralytics' own default of processes that load images."""


def torch_device(device: str) -> torch.device:
    """Return torch's device of `cpu`, or of the number of a GPU."""
    return torch.device(f"cuda:{device}" if device.isdecimal() else device)


def spare_cores(device: str) -> int:
    """Return how many processes may load images for a training, beside the one that trains: none on the CPU.

    A GPU is kept busy by one core; the others of this process's share, which torch's threads count, would lie idle.
    """
    return min(_MOST, torch.get_num_threads() - 1) if device.isdecimal() else 0
