"""A GPU that no longer answers a process, after an illegal access say: whatever else that process begins fails too."""

from __future__ import annotations

EXIT_CODE = 70
"""Of a worker process that ends itself for that."""


def answers(device: str) -> bool:
    """Return whether a device still does what this process asks of it."""
    if not device.isdecimal():
        return True
    import torch  # here: those who start a worker need the number alone

    try:
        torch.cuda.synchronize(int(device))
    except RuntimeError:
        return False
    return True
