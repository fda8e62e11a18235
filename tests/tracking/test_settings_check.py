"""What keeps every run from being told is said before the first is begun, in one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.records import RunFolder
from bench.tracking import check_tracking

from ..commands import refused
from ..report.samples import record
from .following import config


def test_what_a_run_goes_on_from_is_not_for_the_environment_to_say(tmp_path):
    code = (
        "import sys, wandb\n"
        "from pathlib import Path\n"
        "from bench.tracking import check_tracking, open_trackers\n"
        "from tests.tracking.following import config, info\n"
        "check_tracking(config(Path(sys.argv[1]), 'offline'))\n"
        "open_trackers(config(Path(sys.argv[1]), 'offline'), info())\n"
        "print(wandb.setup().settings.resume, wandb.run.settings.resume)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path)]
    environment = {**os.environ, "WANDB_RESUME": "must"}
    ended = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "None None\n", "")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WANDB_MODE", "bogus", "its setting mode (WANDB_MODE): "),
        ("WANDB_PROJECT", "a/b", "UsageError: Invalid project name 'a/b'"),
        ("WANDB_BASE_URL", "nonsense", "its setting base_url (WANDB_BASE_URL): "),
    ],
)
def test_settings_that_are_not_taken_are_said_before_anything_is_begun(tmp_path, monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    words = ("run", "--strategy", "l2", "--quick", "--out", tmp_path)
    line = refused(*words)
    assert line.startswith(f"bench: W&B cannot be used: {said}")
    assert line.endswith("; mend that, or give --wandb off")
    assert list(tmp_path.rglob("run.json")) == []
    RunFolder(tmp_path / "quick" / record().id).write(record())
    assert refused("dashboard", "--out", tmp_path).startswith(f"bench: W&B cannot be used: {said}")


def test_workers_have_services_of_their_own(tmp_path):
    check_tracking(config(tmp_path, "offline"))
    assert "WANDB_SERVICE" not in os.environ


def test_packages_that_are_missing_are_said_before_anything_is_begun(tmp_path, monkeypatch):
    RunFolder(tmp_path / "main" / record().id).write(record())
    (tmp_path / "main" / "tensorboard").mkdir()
    (tmp_path / "main" / "tensorboard" / "a.tfevents.1").touch()
    words = ("run", "--strategy", "l2", "--out", tmp_path)
    for module in ("bench.tracking.tensorboard", "bench.tracking.board"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    line = refused(*words, "--wandb", "off", "--tensorboard")
    assert line.startswith("bench: --tensorboard: TensorBoard cannot be used: ModuleNotFoundError")
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert refused("tensorboard", "--out", tmp_path).endswith(": pip install tensorboard")
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert refused(*words).startswith("bench: W&B cannot be used: ModuleNotFoundError")
    assert refused("dashboard", "--out", tmp_path).startswith("bench: W&B cannot be used: ModuleNotFoundError")
