"""A run is one process's at a time, and nobody's once that is gone."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.commands import options
from bench.errors import UserError
from bench.execution import reservation
from bench.execution.reservation import COMMANDS, Reservations, StillWorkedOn, working_on

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from bench.execution.reservation import Reservations
taken = Reservations(Path(sys.argv[1])).take(sys.argv[2:])
print("taken" if taken else "refused", flush=True)
time.sleep(60)
"""
A, B, C = "0123456789ab", "123456789abc", "ffffffffffff"


@pytest.fixture
def another():
    """Return what starts a process that takes runs; it returns once that has said whether it has them."""
    running = []

    def start(path, *run_ids):
        words = [sys.executable, "-c", HOLD, str(path), *run_ids]
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def test_all_or_none_of_some_runs_are_taken(tmp_path, another):
    path = tmp_path / COMMANDS
    holder, said = another(path, A)
    assert said == "taken"
    ours = Reservations(path)
    assert not ours.take([B, A])
    assert ours.take([B, C])
    assert ours.take([B])  # what one has one may take again
    assert ours.others(A)
    assert not ours.others(B)
    assert another(path, B)[1] == "refused"
    ours.release([B])
    assert another(path, B)[1] == "taken"
    assert not ours.take([B])
    holder.kill()
    holder.wait()
    assert ours.take([A])  # the lock of a dead process is no lock
    ours.close()
    assert another(path, A)[1] == "taken"


def test_a_worker_waits_for_that_of_a_command_that_was_killed(tmp_path, another, monkeypatch):
    holder, _ = another(tmp_path / reservation.WORKERS, A)
    monkeypatch.setattr(reservation, "_WORKER_PATIENCE", 0.5)
    with pytest.raises(StillWorkedOn, match="still works on it"), working_on(tmp_path, [A]):
        pass
    monkeypatch.setattr(reservation, "_WORKER_PATIENCE", 60)
    start = time.monotonic()
    holder.kill()
    with working_on(tmp_path, [A]):
        assert time.monotonic() - start < 30


def test_a_file_system_without_locks_is_used_and_it_is_said(tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with options.setting_up(tmp_path):
        assert capsys.readouterr().err == ""
    monkeypatch.setattr(reservation.fcntl, "lockf", refuse)
    with options.setting_up(tmp_path):
        said = capsys.readouterr().err
    assert said == (
        f"bench: {tmp_path} is on a file system that keeps no locks (No locks available): give it one command at a "
        "time\n"
    )
    ours = Reservations(tmp_path / COMMANDS)
    assert ours.others(B) is None  # who has it cannot be seen
    assert ours.take([A])
    assert ours.refusal
    ours.close()


def test_a_file_that_cannot_be_made_is_one_clear_line(tmp_path):
    with pytest.raises(UserError, match="cannot be written to"):
        Reservations(tmp_path / "absent" / COMMANDS)


def test_where_there_are_no_posix_locks_a_command_works_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(reservation, "fcntl", None)  # as on Windows, which has not that flag either
    monkeypatch.delattr(os, "O_CLOEXEC", raising=False)
    ours = Reservations(tmp_path / COMMANDS)
    assert ours.others(A) is None
    assert ours.take([A, B])
    ours.release([A])
    ours.close()
