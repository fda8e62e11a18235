"""A disk that is full, read-only or forbidden: one clear line, no damage, and the same command works afterwards."""

from __future__ import annotations

import os
import subprocess

import pytest

from bench.records import load_study
from tests.commands import bench, refused

from .study import Study


@pytest.fixture
def small_disk(tmp_path):
    """Return a file system of 24 MiB: not enough for the snapshots of two runs."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name != "posix" or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", folder]).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_stops_the_study_in_one_line_and_costs_nothing(small_disk, tmp_path, small_folder):
    study = Study(small_disk / "study", small_folder)
    status, said = study.run("--workers", 2)
    assert status == 2
    assert "Traceback" not in said
    (last,) = [line for line in said.splitlines() if line.startswith("bench: ")]
    assert last.endswith("cannot be written: No space left on device; mend that, and give the same command again")
    assert not list(small_disk.rglob("*.tmp"))
    assert {record.status for record in load_study(study.out / "main")} <= {"planned", "running", "interrupted"}
    subprocess.run(["mount", "-o", "remount,size=400m", small_disk], check=True)
    status, said = study.run("--workers", 2)
    assert status == 0, said
    undisturbed = Study(tmp_path / "undisturbed", small_folder)
    assert undisturbed.run()[0] == 0
    assert study.left_behind() == undisturbed.left_behind()


def test_a_read_only_disk_is_one_line(small_disk, small_folder):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    words = ("--strategy", "l2", "--data", small_folder, "--out", small_disk / "out", "--precision", "fp32")
    assert "cannot create" in refused("run", *words)
    assert list(small_disk.iterdir()) == []
    assert bench("plan", *words).code == 0  # which writes nothing


def test_a_folder_without_permission_is_one_line(tmp_path, small_folder, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # the system refuses root nothing
    words = ("--strategy", "l2", "--data", small_folder, "--out", tmp_path / "out", "--precision", "fp32")
    assert "cannot be written to; choose another with --out DIR" in refused("run", *words)
