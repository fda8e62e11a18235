"""Which device trains, and how many runs share it."""

from __future__ import annotations

from bench.cores import cores
from bench.errors import UserError


def resolve_device(wanted: str) -> str:
    """Return `cpu`, or the number of a GPU; `auto` takes the first GPU there is.

    Raises:
        UserError: no such device.
    """
    import torch

    found = torch.cuda.device_count()
    if wanted == "auto":
        return "0" if found else "cpu"
    if wanted == "cpu" or (wanted.isdecimal() and int(wanted) < found):
        return wanted
    raise UserError(f"device {wanted}: there is cpu{''.join(f', {n}' for n in range(found))} on this machine")


def share_out(device: str, workers: int, runs: int) -> tuple[int, int]:
    """Return (worker processes, torch threads in each).

    On the CPU each has one thread: a process a core does more than fewer processes with several threads, and a run's
    last bits would depend on how many threads share its sums.
    """
    used = max(1, min(workers, runs))
    return used, 1 if device == "cpu" else max(1, cores() // used)
