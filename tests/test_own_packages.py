"""Another package of the name `datasets` is installed: the command line takes its own, a library's user theirs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def elsewhere(tmp_path):
    (tmp_path / "installed" / "datasets").mkdir(parents=True)
    (tmp_path / "installed" / "datasets" / "__init__.py").write_text("load_dataset = 'somebody else'\n")
    (tmp_path / "work").mkdir()
    path = os.pathsep.join([str(tmp_path / "installed"), str(ROOT)])
    return {"cwd": tmp_path / "work", "env": {**os.environ, "PYTHONPATH": path}, "capture_output": True, "text": True}


def test_the_command_line_takes_its_own(elsewhere):
    done = subprocess.run([sys.executable, "-m", "bench", "data", "inspect", "nowhere"], **elsewhere, check=False)
    assert done.returncode == 2
    assert "neither a data set nor a folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_program_that_uses_the_losses_keeps_theirs(elsewhere):
    code = "import bench.losses, datasets; print(datasets.load_dataset)"
    done = subprocess.run([sys.executable, "-c", code], **elsewhere, check=True)
    assert done.stdout == "somebody else\n"


def test_an_installation_that_another_package_has_mixed_with_is_told_in_one_line(tmp_path):
    for name in ("bench", "strategies", "datasets"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "datasets" / "arrow_dataset.py").write_text("import nothing_of_ours\n")
    words = [sys.executable, "-m", "bench", "list"]
    done = subprocess.run(words, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"bench: {tmp_path} holds another package `datasets`")
