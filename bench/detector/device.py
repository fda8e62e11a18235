"""Devices as Ultralytics names them, and as torch does."""

from __future__ import annotations

import torch


def torch_device(device: str) -> torch.device:
    """Return torch's device of `cpu`, or of the number of a GPU."""
    return torch.device(f"cuda:{device}" if device.isdecimal() else device)
