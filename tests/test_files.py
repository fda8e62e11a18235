"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from bench.errors import StorageError
from bench.files import remove, write_atomic, write_named


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


def test_a_file_that_cannot_be_removed_is_one_clear_line(tmp_path):
    remove(tmp_path / "fresh.json")  # there is none
    (tmp_path / "fresh.json").mkdir()
    with pytest.raises(StorageError, match=r"fresh\.json cannot be removed: .*; mend that, and give the same command"):
        remove(tmp_path / "fresh.json")


# Named by a user


def test_a_link_stays_one_and_its_target_is_written(tmp_path):
    target, link = tmp_path / "deep" / "report.md", tmp_path / "latest.md"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to("deep/report.md")
    write_named(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["deep", "latest.md", "report.md"]


def test_a_link_to_nothing_yet_is_followed(tmp_path):
    (tmp_path / "latest.md").symlink_to("new/report.md")
    write_named(tmp_path / "latest.md", "new")
    assert (tmp_path / "latest.md").is_symlink()
    assert (tmp_path / "new" / "report.md").read_text() == "new"


def test_a_pipe_is_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_named(pipe, "new")
    assert os.read(reader, 100) == b"new"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("named", ["/dev/full", "link"])
def test_a_device_stays_one(tmp_path, named):
    path = tmp_path / named
    if named == "link":
        path.symlink_to("/dev/full")
    with pytest.raises(StorageError, match="cannot be written: No space left on device"):
        write_named(path, "new")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    assert path.is_symlink() == (named == "link")
