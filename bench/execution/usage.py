"""What a run costs the machine: processor seconds and peak memory."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import torch

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Usage:
    """Counts from here on. A worker carries out many runs, so that the process's own totals would not do.

    Args:
        device: as Ultralytics takes it; on a GPU the memory is the GPU's.
    """

    def __init__(self, device: str) -> None:
        self._gpu = int(device) if device.isdecimal() else None
        self._cpu = _cpu_seconds()
        if self._gpu is not None:
            torch.cuda.init()  # a fresh process has not: its allocator knows of no device yet
            torch.cuda.reset_peak_memory_stats(self._gpu)
            return
        with contextlib.suppress(OSError):
            _CLEAR.write_text("5")  # Linux: the process's peak starts again from what it holds now

    def so_far(self) -> dict[str, float]:
        """Return `cpu_s`, and `memory_mib` where the system tells it."""
        used = {"cpu_s": _cpu_seconds() - self._cpu}
        peak = self._peak()
        return used if peak is None else {**used, "memory_mib": peak / 2**20}

    def _peak(self) -> float | None:
        if self._gpu is not None:
            return float(torch.cuda.max_memory_reserved(self._gpu))
        try:
            found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
        except OSError:
            return None
        return int(found[1]) * 1024.0 if found else None


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
