"""From words to runs: what is named twice is there once, and hints can be given to a shell as they are."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.commands import wanted as module
from bench.commands.options import Form, Precision
from bench.commands.run import _report_words
from bench.commands.wanted import Wanted, decided
from bench.losses import FORMS
from bench.manifest import Manifest, write_manifest
from bench.settings import DEFAULTS
from strategies import Strategy
from tests import devices
from tests.commands import bench, refused
from tests.datasets.formats.samples import native, picture, tree

ROOT = Path(__file__).resolve().parents[1]


def test_data_that_are_named_twice_are_one(small_folder, tmp_path):
    words = ("plan", "--strategy", "l2", "--seeds", 1, "--precision", "fp32", "--out", tmp_path, "--data", small_folder)
    once = bench(*words)
    assert once.code == 0
    assert bench(*words, "--data", f"{small_folder}/") == once
    assert "1 run to train" in once.out or "1 runs to train" in once.out


def test_two_data_sets_of_one_name_are_not_taken_for_two_versions_of_one(tmp_path):
    def written(place, shade):
        return tree(tmp_path / place / "dataset", {**native(), "images/a.png": picture(shade)})

    a, b = written("A", 1), written("B 2", 2)
    words = ("--data", a, "--data", b)
    line = refused("plan", "--strategy", "l2", "--precision", "fp32", "--out", tmp_path / "out", *words)
    assert line.startswith(f"bench: --data {a} and --data {b} are two data sets called 'dataset'; rename a folder, or")
    assert line.endswith(f"python -m bench data import '{b}' --as NAME")


def test_a_name_that_is_not_utf8_is_one_line_that_says_what_to_do(tmp_path):
    words = ("plan", "--strategy", "l2", "--precision", "fp32", "--out", tmp_path / "out")
    data = tree(tmp_path / os.fsdecode(b"caf\xe9"), native())
    line = refused(*words, "--data", data)
    assert "caf\N{REPLACEMENT CHARACTER}: its name is not UTF-8" in line
    assert line.endswith("rename it, or give it a name: python -m bench data import SOURCE --as NAME")
    line = refused(*words, "--model", tmp_path / os.fsdecode(b"mod\xe9l.yaml"))
    assert line.endswith("its path is not UTF-8, which a run's id is made of; rename what is not")


def test_the_hint_of_a_report_is_what_a_shell_reads_as_meant():
    assert _report_words(Path("results"), "main") == ""
    assert _report_words(Path("results"), "first") == " first"
    words = _report_words(Path("my results"), "a name; rm x")
    assert shlex.split(words) == ["a name; rm x", "--out", "my results"]


def test_a_gpu_that_cannot_be_used_is_one_line(small_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # for the process that looks what bfloat16 gains there
    monkeypatch.setattr("bench.execution.hardware.resolve_device", lambda wanted: wanted)
    line = refused("plan", "--strategy", "l2", "--seeds", 1, "--out", tmp_path, "--data", small_folder, "--device", "0")
    assert line.startswith("bench: GPU 0 cannot be used: ")
    assert line.endswith("; give --device cpu or another")


def test_ctrl_c_is_left_to_the_command_while_another_process_measures_on_a_gpu(monkeypatch):
    """It reaches the whole group: that process would print a traceback of its own."""
    asked = Wanted([], {}, 1, None, "yolo11n-polygon.yaml", None, DEFAULTS, False, None)
    monkeypatch.setattr(module, "gain_of_bf16", devices.deaf_to_ctrl_c)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits "ignore"
    try:
        assert module._gain(asked, "0") == 1
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_within_torchrun_a_run_trains_alone():
    """Its variables are for Ultralytics, on import, alone: what starts the processes may need them later."""
    told = "import os, bench.detector, ultralytics.utils as u; print(u.RANK, u.WORLD_SIZE, os.environ['RANK'])"
    within = {**os.environ, "RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2"}
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, env=within, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["-1", "1", "1"]


def test_the_forms_are_the_same_where_they_are_said_again():
    """Options may not load torch, and strategies may not import bench: both have words of their own."""
    assert [one.value for one in Form] == [*FORMS, "both"]
    assert Strategy.forms == FORMS


@pytest.mark.parametrize(("gain", "precision"), [(1.09, "fp32"), (1.1, "bf16")])
def test_the_precision_is_measured_when_a_study_begins_and_kept_to(tmp_path, monkeypatch, gain, precision):
    asked = Wanted([], {}, 1, None, "yolo11n-polygon.yaml", None, DEFAULTS, False, None)
    monkeypatch.setattr(module, "gain_of_bf16", lambda *words: gain)
    assert decided(Precision.auto, asked, tmp_path, "cpu") == (precision, gain)
    write_manifest(tmp_path, Manifest("core", "x", bf16_gain=gain).widened(Manifest(None, "x")))
    monkeypatch.setattr(module, "gain_of_bf16", lambda *words: pytest.fail("measured again"))
    assert decided(Precision.auto, asked, tmp_path, "cpu") == (precision, gain)
    assert decided(Precision.fp32, asked, tmp_path, "cpu") == ("fp32", None)
