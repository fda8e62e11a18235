"""A disk that is full, read-only or forbidden: one clear line, no damage, and the same command works afterwards."""

from __future__ import annotations

import os
import subprocess

from tests.commands import bench, refused


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
