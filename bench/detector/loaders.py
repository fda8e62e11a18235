"""How many processes load images for a training, beside the one that trains."""

from __future__ import annotations

import ctypes
import shutil
import signal
import sys
from pathlib import Path

import torch

from bench.cores import cores

CONTEXT = "fork" if sys.platform == "linux" else None
"""How they begin: with the images in memory, which any other way would bring each of them anew."""
AHEAD = 2
"""Batches that each of them has ready."""
_MOST = 8
"""Ultralytics' own default of such processes."""
_PR_SET_PDEATHSIG = 1
"""Of Linux' <sys/prctl.h>."""
_SHARED_MEMORY = Path("/dev/shm")
_CHANNELS = 3


def spare_cores(device: str) -> int:
    """Return how many there may be: none on the CPU, and none where a process cannot be forked.

    A GPU is kept busy by one core; the others of this process's share, which torch's threads count, would lie idle.
    """
    return min(_MOST, torch.get_num_threads() - 1) if device.isdecimal() and CONTEXT else 0


def share_of_machine() -> float:
    """Return what of the machine is this process's, by its cores, up to 1; the rest is that of other runs."""
    return min(1.0, torch.get_num_threads() / cores())


def loaders(wanted: int, images: int, batch: int, imgsz: int) -> int:
    """Return how many of those there are for a split: no more than it has batches, nor than shared memory has room for.

    Batches go through shared memory, of which a container has 64 MiB unless it is told otherwise; where it is full,
    torch waits for ever.

    Args:
        wanted: how many there may be.
        images: of the split.
        batch: images at a time.
        imgsz: their side, in pixels.
    """
    batches = -(-images // batch)
    most = min(wanted, batches - 1)
    if most > 0 and _SHARED_MEMORY.is_dir():
        room = shutil.disk_usage(_SHARED_MEMORY).free * share_of_machine() / 2
        most = min(most, int(room / (AHEAD * batch * _CHANNELS * imgsz**2)))
    return max(0, most)


def end_with_parent(worker: int) -> None:
    """Let a process that loads images end with the one that trains, whose death it may not notice while it waits.

    Args:
        worker: its number, which torch tells.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
