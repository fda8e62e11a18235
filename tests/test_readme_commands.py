"""Every command that the README shows is run, in the order in which it stands there, on little data."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import strategies
from bench import settings
from bench.cli import app
from bench.execution.worker import carry_out
from datasets import registry

README = (Path(__file__).resolve().parent.parent / "README.md").read_text()
SERVERS = ("watch", "tensorboard")
"""They go on until they are stopped; their own tests do that."""
LINES = re.findall(r"^    python -m bench (.+)$", README, re.M)
SMALL = {"epochs": 2, "imgsz": 32, "batch": 8, "nbs": 8}


def shrunk(line: str) -> list[str]:
    """Return a command's words, with as little to train as it can have."""
    words = shlex.split(line)
    if words[0] == "train":
        small = [f"{key}={value}" for key, value in SMALL.items()]
        return [word for word in words if not word.startswith(("epochs=", "imgsz="))] + small
    if words[0] == "recommend":
        return [*words, "--strategy", "l2", "--strategy", "cosine", "--precision", "fp32"]
    if words[0] != "run":
        return words
    few = ["--strategy", "l2", "--strategy", "two-stage-70"]  # .ci/run trains them all
    words = [part for word in words for part in (few if word == "--all" else [word])]
    return [*words, "--wandb", "off", "--precision", "fp32"]  # its own tests follow it; a run costs seconds


class Here:
    """A pool without worker processes: a dozen commands need not each import torch once more for every core."""

    stopped = False

    def __init__(self, workers, threads):
        pass

    def run(self, source, on_event):
        while (work := source.take()) is not None:
            over = carry_out(work, on_event)
            source.put_back(work.then if over.goes_on else ())
        return []


@pytest.fixture
def home(tmp_path, monkeypatch, small_folder):
    """Return a folder with the files that the README speaks of; `documents` is small there, and so are trainings."""
    registry._discover()
    shutil.copytree(small_folder, tmp_path / "my_data")
    shutil.copytree(small_folder / "images", tmp_path / "photos")
    shutil.copytree(small_folder, tmp_path / "cache" / f"documents-{registry._registry['documents'].version}")
    (tmp_path / "mine.py").write_text(re.findall(r"^```python\n(# mine.*?)^```", README, re.M | re.S)[0])
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for key, value in SMALL.items():
        monkeypatch.setitem(settings.DEFAULTS, key, value)
    monkeypatch.setitem(settings.QUICK, "epochs", SMALL["epochs"])
    for module in ("bench.recommend", "bench.recommend.rounds"):
        monkeypatch.setattr(f"{module}.MOST_SEEDS", 2)
    monkeypatch.setattr("bench.execution.session.LocalPool", Here)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(threads)
    forget_mine()


def forget_mine():
    """Unregister what `mine.py` registers, as a new process has not heard of it."""
    strategies.registry._registry.pop("late", None)
    for module in [name for name in sys.modules if name.startswith("_bench_plugin_mine")]:
        del sys.modules[module]


def test_every_command_does_what_it_says(home):
    assert len(LINES) > 10
    for line in LINES:
        words = shrunk(line.partition(" > ")[0])
        if words[0] in SERVERS:
            continue
        forget_mine()
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0, (line, done.stderr)
        assert "Traceback" not in done.stderr
    assert os.path.exists("runs/polygon/train/weights/best.pt")
    assert {path.name for path in Path("results").iterdir()} >= {"quick", "mine", "first"}
