"""What code brings with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def loaded(code: str) -> list[str]:
    """Return the modules that a process of its own has loaded after some code, in the order of loading."""
    words = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
