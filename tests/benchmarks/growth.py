"""How a study's time grows with strategies, seeds and images: the slope of log time over log size.

    python tests/benchmarks/growth.py [--epochs 4]

Whole commands on generated data; each size is measured between two measurements of the smallest, whose mean is what it
is a multiple of. A slope of 1 is proportional; the start-up, which does not grow, keeps it below.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from datasets import documents
from datasets.drawing import write_coco


def seconds(folder: Path, data: Path, strategies: int, seeds: int, epochs: int) -> float:
    """Return the time of a study of static mixes, which share nothing."""
    alphas = ",".join(f"{(number + 1) / (strategies + 1):.3f}" for number in range(strategies))
    out = tempfile.mkdtemp(dir=folder)
    words = (
        sys.executable, "-m", "bench", "run", "--strategy", f"static[alpha=[{alphas}]]", "--seeds", str(seeds),
        "--data", str(data), "--set", f"epochs={epochs}", "--precision", "fp32", "--out", out, "--wandb", "off",
    )  # fmt: skip
    start = time.perf_counter()
    done = subprocess.run(words, env=os.environ, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data = {}
        for images in (48, 192):
            data[images] = folder / f"documents-{images}"
            (data[images] / "images").mkdir(parents=True)
            write_coco(data[images], ["document"], {"train": images, "val": 16}, documents.draw, seed=images)
        base = {"strategies": 2, "seeds": 1, "images": 48}
        for what, value in (("strategies", 8), ("seeds", 4), ("images", 192)):
            sizes = {**base, what: value}
            taken = []
            for one in (base, sizes, base):
                taken.append(seconds(folder, data[one["images"]], one["strategies"], one["seeds"], options.epochs))
            small, large = (taken[0] + taken[2]) / 2, taken[1]
            factor = value / base[what]
            slope = math.log(large / small) / math.log(factor)
            print(f"{what} x {factor:g}: time x {large / small:.2f}, slope {slope:.2f}", flush=True)


if __name__ == "__main__":
    main()
