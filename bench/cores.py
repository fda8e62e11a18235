"""How many cores this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """Return how many cores this process may use: those it is bound to, or fewer where a container has a quota."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(bound, _quota() or bound)


def _quota() -> int | None:
    """Return the quota of this control group in cores, rounded up; None without one."""
    try:
        used, period = _QUOTA.read_text().split()
        return max(1, math.ceil(int(used) / int(period)))
    except (OSError, ValueError):  # no such file, or "max"
        return None
