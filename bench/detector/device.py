"""Devices as Ultralytics names them, and as torch does; and what they compute in."""

from __future__ import annotations

import torch


def torch_device(device: str) -> torch.device:
    """Return torch's device of `cpu`, or of the number of a GPU."""
    return torch.device(f"cuda:{device}" if device.isdecimal() else device)


def has_bf16(device: str) -> bool:
    """Return whether a GPU computes in bfloat16 itself; others do it in other formats, slower than single precision.

    Args:
        device: the number of a GPU; `cpu` is none.
    """
    if device == "cpu":
        return False
    with torch.cuda.device(int(device)):  # torch looks at the current one
        return torch.cuda.is_bf16_supported(including_emulation=False)
