"""What the tests train on: the CPU, or the GPU that `BENCH_TEST_DEVICE` numbers."""

from __future__ import annotations

import os
import signal

DEVICE = os.environ.get("BENCH_TEST_DEVICE", "cpu")
"""As `--device` takes it."""


def deaf_to_ctrl_c(*words: object) -> float:
    """Return, as what is measured on a device would be, 1 where the process it is called in ignores Ctrl-C, else 0."""
    return float(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)
