"""What the tests train on: the CPU, or the GPU that `BENCH_TEST_DEVICE` numbers."""

from __future__ import annotations

import os

DEVICE = os.environ.get("BENCH_TEST_DEVICE", "cpu")
"""As `--device` takes it."""
