"""Where a result comes from: versions, commit, hardware."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = (
    "hybrid-loss-bench",
    "torch",
    "torchvision",
    "ultralytics",
    "pycocotools",
    "numpy",
    "shapely",
    "opencv-python",
)


@cache
def versions() -> dict[str, str]:
    """Return the version of Python and of every package that can change a figure; absent ones are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@cache
def commit() -> tuple[str | None, str | None]:
    """Return (commit, hash of the uncommitted changes or None) of the checkout this code runs from, if it is one."""
    root = Path(__file__).resolve().parent.parent

    def git(*words: str) -> bytes | None:
        try:
            done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=True, timeout=30)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout

    top = git("rev-parse", "--show-toplevel")
    if top is None or Path(os.fsdecode(top).rstrip("\r\n")).resolve() != root:
        return None, None  # installed into an environment, which may lie in a checkout of something else
    head = git("rev-parse", "HEAD")
    changes = git("diff", "HEAD", "--", "*.py", "pyproject.toml")
    dirty = hashlib.sha256(changes).hexdigest()[:12] if changes else None
    return (head.decode().strip() if head else None), dirty


def hardware(device: str, threads: int) -> dict[str, Any]:
    """Return the processor, its cores and the device that trains, by name.

    Args:
        device: `cpu`, or an accelerator as torch names it (`cuda:0`).
        threads: torch threads of the training process.
    """
    import torch

    name = "cpu" if device == "cpu" else torch.cuda.get_device_name(torch.device(device))
    return {"cpu": _cpu_name(), "cores": os.cpu_count() or 1, "device": name, "threads": threads}


@cache
def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def provenance(device: str, threads: int) -> dict[str, Any]:
    """Return the `provenance` part of a run record."""
    head, dirty = commit()
    return {
        "versions": versions(),
        "commit": head,
        "dirty": dirty,
        "hardware": hardware(device, threads),
        "deterministic": True,
    }


def after(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provenance of a run that was begun with one and goes on with another: `earlier` keeps each once."""
    earlier = [*before.get("earlier", ()), {key: value for key, value in before.items() if key != "earlier"}]
    different = [one for number, one in enumerate(earlier) if one and one != now and one not in earlier[:number]]
    return {**now, **({"earlier": different} if different else {})}
