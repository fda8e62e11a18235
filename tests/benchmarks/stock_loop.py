"""A study against the plain alternative: a shell loop of `yolo pose train` on the same images, epochs and model.

    python tests/benchmarks/stock_loop.py [--epochs 20] [--stock 3]

Both are whole commands, start-up included, on a shortened study of one seed: `bench run --all --seeds 1`, and as many
`yolo pose train` as it has runs. All stock runs take the same time, since they differ in nothing that costs any: only
`--stock` of them are timed, some before and some after the study, and their mean is multiplied.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

import datasets
import strategies
from bench.geometry import resample

VERTICES = 4


def export(data: datasets.DataSet, folder: Path) -> Path:
    """Write a data set as Ultralytics wants it for pose training; return its YAML."""
    for split in (data.train, data.val):
        images, labels = folder / "images" / split.name, folder / "labels" / split.name
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for image in split.images:
            (images / image.path.name).write_bytes(image.path.read_bytes())
            size = np.array([image.width, image.height])
            lines = []
            for item in image.objects:
                points = resample(item.points, VERTICES) / size
                low, high = points.min(0).clip(0, 1), points.max(0).clip(0, 1)
                figures = [*((low + high) / 2), *(high - low), *points.clip(0, 1).ravel()]
                lines.append(" ".join([str(item.category), *(f"{value:.6f}" for value in figures)]))
            (labels / image.path.with_suffix(".txt").name).write_text("\n".join(lines) + "\n")
    described = {
        "path": str(folder),
        "train": "images/train",
        "val": "images/val",
        "names": dict(enumerate(data.categories)),
        "kpt_shape": [VERTICES, 2],
    }
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump(described))
    return path


def timed(*words: str) -> float:
    """Return the seconds that a command takes."""
    quiet = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "WANDB_MODE": "disabled"}
    start = time.perf_counter()
    done = subprocess.run(words, env={**os.environ, **quiet}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--stock", type=int, default=3, help="how many of the stock runs are timed")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    runs = len(strategies.names(core=True))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        yaml_path = export(datasets.load("documents"), folder / "data")
        stock_words = (
            str(Path(sys.executable).with_name("yolo")), "pose", "train", "model=yolo11n-pose.yaml",
            f"data={yaml_path}", f"epochs={options.epochs}", "imgsz=96", "batch=16", f"device={options.device}",
            f"project={folder / 'stock'}",
        )  # fmt: skip
        ours_words = (
            sys.executable, "-m", "bench", "run", "--all", "--seeds", "1", "--set", f"epochs={options.epochs}",
            "--device", options.device, "--out", str(folder / "ours"), "--wandb", "off",
        )  # fmt: skip
        half = options.stock // 2
        stock = [timed(*stock_words, f"name={number}") for number in range(half)]
        ours = timed(*ours_words)
        stock += [timed(*stock_words, f"name={number}") for number in range(half, options.stock)]
    loop = runs * statistics.mean(stock)
    print(
        f"{runs} runs of {options.epochs} epochs: bench run {ours:.0f} s; shell loop of yolo pose train {loop:.0f} s "
        f"({runs} x the mean of {', '.join(f'{one:.0f}' for one in stock)}): {loop / ours:.2f} times as fast"
    )


if __name__ == "__main__":
    main()
