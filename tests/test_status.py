"""How a study stands, from its folder alone; once, or watched from another terminal."""

from __future__ import annotations

import dataclasses
import errno
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from rich.console import Console

from bench import status, status_view
from bench.execution import reservation
from bench.execution.reservation import COMMANDS, Reservations
from bench.execution.resume import Progress, write_progress
from bench.records import RunFolder
from bench.status import StudyFolder

from .commands import bench, refused
from .pseudo_terminal import Terminal
from .report.samples import record

ROOT = Path(__file__).resolve().parents[1]
STATUS = [sys.executable, "-m", "bench", "status", "--out"]
STOPPED = "told to stop; the same command goes on from epoch 41"


def put(folder, *records):
    for one in records:
        RunFolder(folder / one.id).write(one)
    return records


def begun(label, state, reason=None, epochs=40, folder=None, seed=0):
    """Return the record of a run that is not over, and write its snapshot."""
    one = record(label, seed=seed, form="paper", status=state, reason=reason)
    rows = [{"epoch": epoch, "loss": 100 / epoch, "seconds": 1.5} for epoch in range(1, epochs + 1)]
    for row in rows[9::10]:
        row |= {"mAP50_95": row["epoch"] / 1000, "full_image": 0.25}
    trainer = {"epoch": epochs - 1, "weights": torch.zeros(3)}
    (folder / one.id).mkdir(parents=True)
    write_progress(folder / one.id, one.identity, Progress(rows=rows, trainer=trainer))
    return put(folder, one)[0]


@pytest.fixture
def study(tmp_path):
    """Return the folder of a study with a run of every kind; nobody is at the one that is on record as running."""
    folder = tmp_path / "main"
    put(
        folder,
        record("l2", 0, 0.5),
        record("l2", 1, 0.6, replicate=1),
        record("step", status="diverged", form="paper", reason="loss is nan"),
        record("mgiou", status="failed", form="paper", reason="boom"),
        record("linear", status="planned", form="paper", reason="its first 5 epochs are done, with those of others"),
    )
    begun("cosine", "running", folder=folder)
    begun("static", "interrupted", reason=STOPPED, epochs=33, folder=folder)
    (folder / "broken").mkdir()
    (folder / "broken" / "run.json").write_text("{")
    return folder


def by_label(folder):
    return {row.label: row for row in StudyFolder(folder).standings()}


def content(folder):
    """Return every file with what tells whether it was written to."""
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_every_run_is_a_row_with_what_is_known_of_it(study):
    found = by_label(study)
    assert {label: (row.state, row.epoch) for label, row in found.items()} == {
        "l2": ("done", 100),
        "l2, once more": ("done", 100),
        "step": ("diverged", 0),
        "mgiou": ("failed", 0),
        "linear": ("planned", 0),
        "cosine": ("interrupted", 40),
        "static": ("interrupted", 33),
        "broken": ("unreadable", 0),
    }
    assert (found["l2"].ap, found["l2"].full_image) == (0.5, 0.0)
    cosine = found["cosine"]
    assert (cosine.loss, cosine.ap, cosine.full_image, cosine.epoch_s) == (2.5, 0.04, 0.25, 1.5)
    assert found["static"].ap == 0.03
    assert found["cosine"].reason.startswith("no process works on it any more")
    assert (found["static"].reason, found["linear"].left()) == (STOPPED, 100)


HOLD = """
import sys
from pathlib import Path
from bench.execution import reservation
from bench.execution.reservation import Reservations
Reservations(Path(sys.argv[1])).take(sys.argv[2:])
print("taken", flush=True)
sys.stdin.readline()
"""


def test_a_run_that_another_process_has_is_running(study):
    cosine = by_label(study)["cosine"]
    command = [sys.executable, "-c", HOLD, str(study / COMMANDS), cosine.run_id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "taken\n"
        row = by_label(study)["cosine"]
        assert (row.state, row.reason, row.left() * row.epoch_s) == ("running", "", 90.0)
        assert bench("status", "--out", study.parent).out.endswith("2 done, 1 planned\n"), "a process is at it"
        holder.communicate("\n")
    assert by_label(study)["cosine"].state == "interrupted"


@pytest.mark.parametrize("kept", ["none, as on Windows", "refused by the file system"])
def test_where_no_locks_are_kept_a_run_is_as_on_record_and_nobody_is_said_to_be_gone(study, monkeypatch, kept):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    Reservations(study / COMMANDS).close()
    if kept.startswith("none"):
        monkeypatch.setattr(reservation, "fcntl", None)
    else:
        monkeypatch.setattr(reservation.fcntl, "lockf", refuse)
    cosine = by_label(study)["cosine"]
    assert (cosine.state, cosine.reason) == ("running", "")
    assert not bench("status", "--out", study.parent).out.endswith("no process is at it\n")


def test_what_has_not_changed_is_not_read_again(study, monkeypatch):
    folder, read = StudyFolder(study), []
    before = folder.standings()
    monkeypatch.setattr(RunFolder, "read", lambda self: read.append(self.path.name) or record("l2", 0, 0.9))
    assert folder.standings() == before
    put(study, record("l2", 0, 0.7))
    folder.standings()
    assert read == [record("l2", 0).id]


@pytest.mark.parametrize("name", ["run.json", "snapshot.pt"])
def test_what_was_out_of_reach_at_one_look_is_read_at_the_next(study, monkeypatch, name):
    """Its file is then as it was, and so is what tells that it has changed."""
    known, out = by_label(study), [True]
    path = study / known["static"].run_id / name

    def blinking(read):
        def found(self, *more, **named):
            if out and str(self) == str(path):
                raise OSError(errno.ESTALE, "Stale file handle")
            return read(self, *more, **named)

        return found

    monkeypatch.setattr(Path, "read_bytes", blinking(Path.read_bytes))
    monkeypatch.setattr(torch, "load", blinking(torch.load))
    folder = StudyFolder(study)
    (row,) = [row for row in folder.standings() if row.run_id == path.parent.name]
    assert row.state == "unreadable"
    assert f"{name} cannot be read just now: Stale file handle" in row.reason
    out.clear()
    assert {row.label: row for row in folder.standings()} == known


def test_nothing_is_written(study):
    Reservations(study / COMMANDS).close()
    before = content(study)
    assert bench("status", "--out", study.parent).code == 0
    assert content(study) == before


def test_the_table_ends_with_reasons_and_counts(study):
    said = bench("status", "--out", study.parent)
    lines = [line.rstrip() for line in said.out.splitlines()]
    assert lines[0].split() == ["run", "state", "epoch", "loss", "AP", "full-image", "left", "folder"]
    assert len(lines) == 1 + 8 + 5 + 1
    one = record("l2", 0)
    assert any(re.fullmatch(rf"l2 s0 +done +100/100 .* 0\.500 +0 % +{one.id}", line) for line in lines)
    assert "step (paper) s0: diverged: loss is nan" in lines
    assert f"static (paper) s0: interrupted: {STOPPED}" in lines
    assert lines[-1] == (
        "39 % of 8 runs: 1 failed, 1 diverged, 1 unreadable, 2 interrupted, 2 done, 1 planned; no process is at it"
    )


def test_a_reason_that_many_share_is_one_line(tmp_path):
    put(tmp_path, *(record("l2", seed, status="failed", reason="the disk is full") for seed in range(200)))
    rows = StudyFolder(tmp_path).standings()
    assert status.notices(rows) == ["200 runs (l2 s0, ...): failed: the disk is full"]


def test_what_steers_a_terminal_is_not_passed_on(tmp_path):
    put(tmp_path / "main", record("l2\x1b[2J", status="failed", reason="one\x1b]0;x\x07two"))
    assert not set("\x1b\x07") & set(bench("status", "--out", tmp_path).out)


def test_what_was_lost_or_never_begun_is_not_counted_as_over(tmp_path):
    assert status.total([]) == "0 % of 0 runs: none yet"
    put(tmp_path, *(record("l2", seed, status="failed") for seed in range(3)))
    assert status.total(StudyFolder(tmp_path).standings()) == "0 % of 3 runs: 3 failed"


def test_it_is_not_over_before_it_is(tmp_path):
    done = [record("l2", seed, epochs=1000) for seed in range(2)]
    put(tmp_path, *done, record("l2", 2, status="planned", epochs=1))
    assert status.total(StudyFolder(tmp_path).standings()) == "> 99 % of 3 runs: 2 done, 1 planned"


def test_data_sets_are_told_where_there_are_several(tmp_path):
    put(tmp_path / "main", record("l2", 0, 0.5), record("l2", 1, status="failed", reason="boom"))
    assert " on " not in bench("status", "--out", tmp_path).out
    put(tmp_path / "main", record("l2", 0, 0.5, data="parcels"), record("l2", 0, 0.5, data="g\x1bids"))
    said = bench("status", "--out", tmp_path).out
    for name in ("l2 s0 on documents", "l2 s0 on parcels", "l2 s0 on g\N{REPLACEMENT CHARACTER}ids"):
        assert re.search(f"^{name} +done", said, re.M)
    assert "l2 s1 on documents: failed: boom" in said


def test_no_width_is_the_usual_one(study):
    usual = subprocess.run(STATUS + [str(study.parent)], capture_output=True, text=True, check=True, cwd=ROOT)
    for width in ("0", ""):
        environment = {**os.environ, "COLUMNS": width}
        shown = subprocess.run(STATUS + [str(study.parent)], capture_output=True, text=True, env=environment, cwd=ROOT)
        assert shown.stdout == usual.stdout


# Watched


def test_every_needs_watch(study):
    assert "give --watch as well" in refused("status", "--every", "2", "--out", study.parent)


def test_elsewhere_than_on_a_terminal_a_change_is_a_line(tmp_path, monkeypatch):
    one = put(tmp_path, record("l2", 0, status="planned"), record("l2", 1, 0.5))[0]
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 2:
            put(tmp_path, dataclasses.replace(record("l2", 0, 0.5), id=one.id))

    monkeypatch.setattr(status_view.time, "sleep", sleep)
    console = Console(file=io.StringIO(), width=200)
    status_view.watch(tmp_path, console, every=3.0)
    lines = console.file.getvalue().splitlines()
    assert lines[0] == "50 % of 2 runs: 1 done, 1 planned; no process is at it"
    assert slept == [3.0, 3.0]
    assert lines[1].startswith("run ")
    assert lines[-1] == "100 % of 2 runs: 2 done"


def test_a_study_that_is_being_set_up_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(status_view.time, "sleep", lambda _: put(tmp_path, record("l2", 0, 0.5)))
    console = Console(file=io.StringIO(), width=200)
    status_view.watch(tmp_path, console, every=3.0)
    lines = console.file.getvalue().splitlines()
    assert (lines[0], lines[-1]) == ("0 % of 0 runs: none yet", "100 % of 1 runs: 1 done")


def test_in_a_terminal_it_follows_the_study_and_its_size_until_all_is_over(tmp_path):
    folder = tmp_path / "main"
    put(folder, *(record("l2", seed, 0.5) for seed in range(60)))
    one = begun("cosine", "interrupted", reason=STOPPED, folder=folder)
    waiting = put(folder, record("linear", status="planned", form="paper"))[0]
    before = content(folder)

    def shows(what):
        return lambda terminal: terminal.frames() and any(what in line for line in terminal.frames()[-1])

    with Terminal("status", "--watch", "--every", "0.2", "--out", tmp_path, size=(100, 20)) as terminal:
        terminal.wait_for(shows("of 62 runs: 1 interrupted, 60 done, 1 planned; no process is at it; as of "))
        lines = terminal.frames()[-1]
        assert (len(lines), len(lines[0])) == (20, 100)
        assert re.match(r"cosine \(paper\) s0 +interrupted +40/100", lines[1])
        assert any(line.startswith("… 46 more: 45 done, 1 planned") for line in lines)
        assert any(line.startswith(f"cosine (paper) s0: interrupted: {STOPPED}") for line in lines)
        terminal.resize(60, 8)
        terminal.wait_for(lambda _: len(terminal.frames()[-1]) == 8 and len(terminal.frames()[-1][0]) == 60)
        terminal.resize(120, 30)
        assert content(folder) == before
        done = dataclasses.replace(record("linear", ap=0.75, form="paper"), id=waiting.id)
        put(folder, done)
        assert terminal.end() == 0
    assert "\n".join(terminal.left()).count(" done ") == 61
    assert terminal.left()[-1] == "99 % of 62 runs: 1 interrupted, 61 done; no process is at it"
    assert one.id in terminal.text.rpartition("\x1b[?1049l")[2]


def test_ctrl_c_leaves_the_watch_as_it_should(tmp_path):
    put(tmp_path / "main", record("l2", status="planned"))
    with Terminal("status", "--watch", "--out", tmp_path) as terminal:
        terminal.wait_for(lambda one: one.frames())
        terminal.press("\x03")
        assert terminal.end() == 0
    assert terminal.left()[-1] == "0 % of 1 runs: 1 planned; no process is at it"
    assert "Traceback" not in terminal.text
