"""A long study: is memory flat over 200 short runs, and how long do 10,000 runs take to list and report?

    python tests/benchmarks/long_study.py [--runs 200] [--records 10000]

The runs are carried out by `bench run` with one worker; its memory and that of its worker are read from /proc.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import load_report, render
from bench.status import StudyFolder
from datasets import documents
from datasets.drawing import write_coco
from tests.execution.study import group_of
from tests.report.samples import record


def resident(pid: int) -> float:
    """Return the MiB that a process holds; 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 2**20


def memory(runs: int) -> None:
    """Print the memory of the command and its worker, early and late in a study."""
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        (data / "images").mkdir(parents=True)
        write_coco(data, ["document"], {"train": 8, "val": 4}, documents.draw, seed=1)
        out = Path(scratch) / "out"
        process = subprocess.Popen(
            [
                sys.executable, "-m", "bench", "run", "--strategy", "l2", "--seeds", str(runs), "--data", str(data),
                "--set", "epochs=1", "--set", "imgsz=64", "--set", "batch=4", "--precision", "fp32", "--workers", "1",
                "--wandb", "off", "--out", str(out),
            ],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        seen: dict[int, list[tuple[int, float]]] = {}
        while process.poll() is None:
            time.sleep(0.5)
            done = len(list(out.glob("main/*/weights.pt")))
            for pid in group_of(process):
                seen.setdefault(pid, []).append((done, resident(pid)))
    for pid, points in seen.items():
        if points[-1][0] < runs // 2:
            continue  # a helper that was there for a moment
        early = [mib for done, mib in points if runs * 0.1 <= done < runs * 0.2]
        late = [mib for done, mib in points if done >= runs * 0.9]
        who = "command" if pid == process.pid else "worker or its helper"
        if early and late:
            a, b = statistics.median(early), statistics.median(late)
            print(f"{who}: {a:.0f} MiB after a tenth of {runs} runs, {b:.0f} MiB at the end: x {b / a:.3f}", flush=True)


def listing(records: int) -> None:
    """Print the time of `bench status` and of the report on many records, and that of half as many."""
    for count in (records // 2, records):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            for number in range(count):
                strategy, seed = divmod(number, 50)
                label = f"static[alpha={strategy / 1000:g}]" if strategy else "l2"
                one = record(label, seed, 0.5 + 0.001 * (number % 17), "paper" if strategy else None)
                one = dataclasses.replace(one, id=f"{number:012x}")
                put(folder / one.id / "run.json", one.to_json())
            start = time.perf_counter()
            StudyFolder(folder).standings()
            listed = time.perf_counter() - start
            start = time.perf_counter()
            render(load_report(folder), "md")
            reported = time.perf_counter() - start
        print(f"{count} records: listed in {listed:.1f} s, reported in {reported:.1f} s", flush=True)


def put(path: Path, text: str) -> None:
    """Write a record without waiting for the disk."""
    path.parent.mkdir(parents=True)
    path.write_text(text)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--records", type=int, default=10_000)
    options = parser.parse_args()
    listing(options.records)
    memory(options.runs)


if __name__ == "__main__":
    main()
