"""Studies run by commands of their own, to be killed, doubled and compared."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import torch

ROOT = Path(__file__).resolve().parents[2]

COUNTING = '''
import os
from pathlib import Path

import strategies


class Counting(strategies.Strategy):
    """L2 for half of the run, then a mix; writes a line for every step it is asked about in a worker."""

    share: float = 0.5

    def observe(self, signals):
        if "COUNT_FOLDER" in os.environ and signals.epochs == {epochs}:
            with open(Path(os.environ["COUNT_FOLDER"]) / f"{{self.share:g}}-{{os.getpid()}}", "a") as file:
                file.write(f"{{signals.epoch}}\\n")
        return {{"steps": signals.state.get("steps", signals.loss_l2 * 0) + 1}}

    def weights(self, signals):
        return (1.0, 0.0) if signals.progress < 0.5 else (self.share, 1 - self.share)


strategies.register("test-counting")(Counting)
'''
EPOCHS = 6


class Study:
    """A small study: four strategies, three of them with a beginning in common.

    Args:
        folder: everything is in it.
        data: a COCO folder.
        seeds: how many; four runs each.
    """

    def __init__(self, folder: Path, data: Path, seeds: int = 1) -> None:
        folder.mkdir(exist_ok=True)
        self.out = folder / "out"
        self.counts = folder / "counts"
        self.counts.mkdir(exist_ok=True)
        plugin = folder / "counting.py"
        plugin.write_text(COUNTING.format(epochs=EPOCHS))
        self.words = [
            "run", "--data", data, "--out", self.out, "--wandb", "off", "--seeds", seeds, "--precision", "fp32",
            "--set", f"epochs={EPOCHS}", "--set", "imgsz=64", "--set", "batch=4", "--val-every", 2,
            "--snapshot-every", 1, "--plugin", plugin, "--strategy", "test-counting[share=[0.25,0.75]]",
            "--strategy", "l2", "--strategy", "adaptive",
        ]  # fmt: skip

    def start(self, *more) -> subprocess.Popen:
        """Start the command, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "bench", *map(str, (*self.words, *more))],
            cwd=ROOT,
            env={**os.environ, "COUNT_FOLDER": str(self.counts)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *more) -> tuple[int, str]:
        """Run the command to its end; return its status and what it said."""
        process = self.start(*more)
        _, said = process.communicate(timeout=600)
        return process.returncode, said

    def records(self) -> dict[str, dict]:
        """Return the records by run id, as they stand on disk."""
        return {
            path.parent.name: json.loads(path.read_text()) for path in sorted((self.out / "main").glob("*/run.json"))
        }

    def done(self) -> dict[str, str]:
        """Return the text of the records of what is done."""
        paths = (self.out / "main").glob("*/run.json")
        texts = {path.parent.name: path.read_text() for path in paths}
        return {name: text for name, text in texts.items() if json.loads(text)["status"] == "done"}

    def left_behind(self) -> dict[str, object]:
        """Return all that the study leaves, but for clocks, and whom a run shared with."""
        found: dict[str, object] = {}
        for run_id, record in self.records().items():
            folder = self.out / "main" / run_id
            weights = torch.load(folder / "weights.pt", weights_only=True)["state_dict"]
            found[run_id] = {
                "status": record["status"],
                "metrics": record["metrics"],
                "ledger": record["ledger"],
                "history": pd.read_csv(folder / "history.csv").drop(columns="seconds").to_csv(),
                "predictions": (folder / "predictions.json.gz").read_bytes(),
                "samples": (folder / "samples.json.gz").read_bytes(),
                "weights": {key: value.numpy().tobytes() for key, value in weights.items()},
                "files": sorted(path.name for path in folder.iterdir()),
            }
        return found


def group_of(process: subprocess.Popen) -> list[int]:
    """Return the processes of a command that are alive, its own first."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == process.pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return sorted(found, key=lambda pid: (pid != process.pid, pid))


def workers_of(process: subprocess.Popen) -> list[int]:
    """Return the worker processes of a command."""
    found = []
    for pid in group_of(process)[1:]:
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if b"spawn_main" in line and parent == str(process.pid):  # not those that load images for a worker
            found.append(pid)
    return found


def kill(pid: int) -> None:
    """Kill a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_until_gone(process: subprocess.Popen, seconds: float = 30) -> list[int]:
    """Return the processes of a command that are left after a while."""
    deadline = time.monotonic() + seconds
    while (left := group_of(process)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left
