"""Files are written whole or not at all."""

from __future__ import annotations

import os

import pytest

from bench.errors import StorageError
from bench.files import write_atomic


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write_atomic(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"run\.json cannot be written: No space left on device; mend that"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_a_traceback_that_is_no_unicode_is_written_all_the_same(tmp_path):
    write_atomic(tmp_path / "error.log", "no such file: caf\udce9")
    assert (tmp_path / "error.log").read_text() == "no such file: caf\\udce9"


def test_a_file_in_the_making_is_beside_its_place_and_carries_the_process(tmp_path, monkeypatch):
    seen = []
    replace = os.replace

    def watched(source, target):
        seen.append((os.fspath(source), os.fspath(target)))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    write_atomic(tmp_path / "deep" / "run.json", "{}")
    ((source, target),) = seen
    assert os.path.dirname(source) == os.path.dirname(target)
    assert str(os.getpid()) in os.path.basename(source)
