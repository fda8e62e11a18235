"""What is left of a study, as its folder stands and as other commands change it. Nothing is trained here."""

from __future__ import annotations

import dataclasses
import errno
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import StorageError
from bench.events import RunEnded, RunStarted, Warned
from bench.execution.backlog import Backlog
from bench.execution.fresh import NAME, begin, end, to_repeat, under_way
from bench.execution.left import left_to_do
from bench.execution.member import Member
from bench.execution.reservation import COMMANDS
from bench.execution.resume import Progress, write_progress
from bench.execution.session import _given_up, _planned
from bench.records import STATUSES, RunFolder

from .test_reservation import HOLD, ROOT


@pytest.fixture
def study(tmp_path, make_runs, make_tasks):
    """Return what opens a backlog of four runs, and their records."""
    runs = make_runs("l2", "two-stage-50", "cosine", "adaptive", epochs=8)
    tasks = make_tasks(runs, tmp_path)

    class Study:
        def __init__(self):
            self.ids = {run.label: run.id for run in runs}
            self.runs, self.tasks = runs, tasks
            self.open_ones: list[Backlog] = []

        def open(self, fresh=False, events=None, sharing=True):
            heard = (lambda event: None) if events is None else events.append
            repeat = begin(tmp_path, self.ids.values()) if fresh else {}
            backlog = Backlog(tmp_path, runs, tasks, sharing, repeat, heard)
            self.open_ones.append(backlog)
            return backlog

        def write(self, label, status, progress=None, **changes):
            task = tasks[self.ids[label]]
            RunFolder(task.folder).write(dataclasses.replace(task.record(status), **changes))
            (task.folder / "history.csv").write_text("epoch\n1\n")
            if progress:
                write_progress(task.folder, task.identity, progress)

        def folder(self, label):
            return tmp_path / self.ids[label]

        def status(self, label):
            return RunFolder(self.folder(label)).read().status

        def drained(self, backlog):
            found = []
            while (work := backlog.take()) is not None:
                found.append(([task.label for task in work.tasks], work.until))
                for task in work.tasks:
                    backlog.ended(task.run_id, "done")
            return found

        def left(self, **options):
            repeat = to_repeat(tmp_path, self.ids.values()) if options.pop("fresh", False) else {}
            segments = left_to_do(tmp_path, runs, **{"sharing": True, "repeat": repeat, **options})
            return [([run.label for run in one.runs], one.first, one.until) for one in segments]

    made = Study()
    yield made
    for backlog in made.open_ones:
        backlog.close()


def snapshot_at(epoch, **shared):
    rows = [{"epoch": number + 1} for number in range(epoch)]
    return Progress(rows=rows, shared=shared, trainer={"epoch": epoch - 1})


def test_all_is_planned_once_and_handed_out_with_what_it_shares(study):
    backlog = study.open()
    backlog.plan()
    assert {study.status(label) for label in study.ids} == {"planned"}
    assert study.drained(backlog) == [(["l2", "two-stage-50"], 4), (["cosine"], 8), (["adaptive"], 8)]
    assert backlog.empty


def test_a_seed_after_the_other_and_of_a_seed_the_longest_way_first(tmp_path, make_runs, make_tasks):
    runs = make_runs("l2", "two-stage-50", "two-stage-70", "cosine", epochs=10, seeds=(0, 1))
    backlog = Backlog(tmp_path, runs, make_tasks(runs, tmp_path), True, {})
    found = []
    while (work := backlog.take()) is not None:
        found.append((work.tasks[0].identity["seed"], sorted(task.label for task in work.tasks), work.until))
        backlog.put_back(work.then)
    backlog.close()
    together = ["l2", "two-stage-50", "two-stage-70"]
    of_a_seed = [
        (together, 5),
        (["cosine"], 10),
        (["l2", "two-stage-70"], 7),  # five epochs to go, as two-stage-50 has
        (["two-stage-50"], 10),
        (["l2"], 10),
        (["two-stage-70"], 10),
    ]
    assert found == [(seed, *one) for seed in (0, 1) for one in of_a_seed]


def test_what_was_broken_off_goes_on_before_all_else(study):
    backlog = study.open()
    first = backlog.take()
    backlog.put_back(first.then)
    backlog.put_back([first.then[1].again()])
    assert backlog.take() == first.then[1].again()


def test_without_sharing_each_run_is_alone(study):
    assert study.drained(study.open(sharing=False)) == [([label], 8) for label in study.ids]


def test_done_is_done_and_fresh_repeats_it(study):
    study.write("l2", "done")
    assert study.left() == [(["two-stage-50"], 0, 8), (["cosine"], 0, 8), (["adaptive"], 0, 8)]
    first = study.open()
    assert first.statuses[study.ids["l2"]] == "done"
    assert study.drained(first) == [(["two-stage-50"], 8), (["cosine"], 8), (["adaptive"], 8)]
    first.close()
    study.open_ones.clear()
    assert study.left(fresh=True)[0] == (["l2", "two-stage-50"], 0, 4)
    assert study.drained(study.open(fresh=True))[0] == (["l2", "two-stage-50"], 4)
    assert not (study.folder("l2") / "history.csv").exists()


def planned(segment):
    return [run.label for run in segment.runs], segment.until, [planned(one) for one in segment.then], segment.length


def handed_out(work):
    return [task.label for task in work.tasks], work.until, [handed_out(one) for one in work.then], work.length


@pytest.mark.parametrize("snapshot", [False, True])
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("sharing", [False, True])
@pytest.mark.parametrize("status", [*STATUSES, "unreadable", "no record"])
def test_what_is_handed_out_is_what_was_planned(study, tmp_path, status, sharing, fresh, snapshot):
    """`bench plan` shows `left_to_do`, and `bench run` carries out what a backlog hands out."""
    study.write("adaptive", "done")
    study.write("l2", status if status in STATUSES else "done", snapshot_at(2) if snapshot else None)
    if status == "unreadable":
        (study.folder("l2") / "run.json").write_text("{")
    elif status == "no record":
        (study.folder("l2") / "run.json").unlink()
    repeat = to_repeat(tmp_path, study.ids.values()) if fresh else {}
    promised = [planned(one) for one in left_to_do(tmp_path, study.runs, sharing=sharing, repeat=repeat)]
    backlog = study.open(fresh=fresh, sharing=sharing)
    found = []
    while (work := backlog.take()) is not None:
        found.append(handed_out(work))
    assert sorted(found) == sorted(promised)
    assert {label for labels, *_ in promised for label in labels} == {
        label for label, run_id in study.ids.items() if backlog.statuses[run_id] == "planned"
    }


def test_a_repeat_that_is_broken_off_goes_on_and_repeats_nothing_twice(study, tmp_path):
    study.write("l2", "done", metrics={"mAP50_95": 0.5})
    study.write("cosine", "done", metrics={"mAP50_95": 0.5})
    study.write("adaptive", "interrupted", snapshot_at(2))
    first = study.open(fresh=True)
    assert {first.statuses[run_id] for run_id in study.ids.values()} == {"planned"}
    # It repeats one, comes half through another, has begun with one it had never done, and is stopped.
    study.write("l2", "done", metrics={"mAP50_95": 0.6})
    study.write("adaptive", "interrupted", snapshot_at(3), timing={"started": "2026-01-02T00:00:00+00:00"})
    study.write("two-stage-50", "interrupted", snapshot_at(5))
    first.close()
    study.open_ones.clear()
    assert study.left(fresh=True) == [(["two-stage-50"], 5, 8), (["cosine"], 0, 8), (["adaptive"], 3, 8)]
    again = study.open(fresh=True)
    assert again.statuses[study.ids["l2"]] == "done"
    assert sorted(study.drained(again)) == [(["adaptive"], 8), (["cosine"], 8), (["two-stage-50"], 8)]
    assert not (study.folder("cosine") / "history.csv").exists()
    end(tmp_path, study.ids.values())
    assert not (tmp_path / NAME).exists()
    assert study.left(fresh=True)[0] == (["l2", "two-stage-50"], 0, 4)  # the next one repeats all of it


def test_the_end_of_a_repeat_leaves_that_of_other_runs_under_way(study, tmp_path):
    l2, cosine = study.ids["l2"], study.ids["cosine"]
    study.write("l2", "done")
    begin(tmp_path, [l2])
    begin(tmp_path, [cosine])
    before = under_way(tmp_path)
    assert (before[l2] is None, before[cosine]) == (False, None)
    end(tmp_path, [cosine])
    assert under_way(tmp_path) == {l2: before[l2]}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}'])
def test_a_spoilt_list_of_what_to_repeat_is_none(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    assert under_way(tmp_path) == {}


@pytest.mark.parametrize("status", ["running", "interrupted", "planned", "failed"])
def test_what_was_cut_short_goes_on_from_its_snapshot(study, status):
    study.write("cosine", status, snapshot_at(3))
    (study.folder("cosine") / ".run.json.77.tmp").write_text("half of a rec")
    assert (["cosine"], 3, 8) in study.left()
    backlog = study.open()
    study.drained(backlog)
    assert backlog.starts[study.ids["cosine"]].epochs == 3
    assert (study.folder("cosine") / "snapshot.pt").exists()
    assert not list(study.folder("cosine").glob("*.tmp"))


def test_what_a_killed_worker_left_of_a_run_that_is_done_is_cleared_up_and_of_no_other(study):
    """It dies once the record is written, say, with the snapshot still there: nothing would ever go on from that."""
    for label, status in (("l2", "done"), ("cosine", "failed"), ("adaptive", "interrupted")):
        study.write(label, status, snapshot_at(8))
        (study.folder(label) / ".snapshot.pt.77-0.tmp").write_text("half of a snapsh")
    study.open().plan()
    assert sorted(path.name for path in study.folder("l2").iterdir()) == ["history.csv", "run.json"]
    for label in ("cosine", "adaptive"):
        assert len(list(study.folder(label).iterdir())) == 4


def test_what_another_command_is_at_is_not_cleared_up(study, tmp_path):
    study.write("l2", "done", snapshot_at(8))
    process = another(tmp_path, study.ids["l2"])
    try:
        study.open().plan()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert (study.folder("l2") / "snapshot.pt").exists()


def test_what_is_half_written_is_cleared_away_when_a_run_begins(study):
    task = study.tasks[study.ids["l2"]]
    task.folder.mkdir()
    (task.folder / ".snapshot.pt.77-0.tmp").write_text("half of a snapsh")
    Member(task).begin({})
    assert [path.name for path in task.folder.iterdir()] == ["run.json"]


def test_what_failed_shows_so_until_it_is_gone_on_with(study):
    study.write("cosine", "failed", snapshot_at(3), reason="boom")
    (study.folder("cosine") / "error.log").write_text("Traceback")
    backlog = study.open()
    backlog.plan()
    assert study.status("cosine") == "failed"
    study.drained(backlog)
    assert study.status("cosine") == "planned"
    assert not (study.folder("cosine") / "error.log").exists()


A_MACHINE, ANOTHER = {"hardware": {"cpu": "a machine"}}, {"hardware": {"cpu": "another"}}


def test_what_trained_the_epochs_that_a_run_goes_on_from_stays_on_record(study, tmp_path):
    """A study of two machines would otherwise be told as one of the second alone."""
    spent, metrics = {"total_s": 3.0}, {"stage1_mAP50_95": 0.25}
    of_the_first = {"provenance": A_MACHINE, "timing": spent, "metrics": metrics, "shared": {study.ids["l2"]: 3}}
    study.write("cosine", "failed", snapshot_at(3), reason="boom", ledger={"alpha_mean": 0.5}, **of_the_first)
    task = study.tasks[study.ids["cosine"]]
    study.drained(study.open())
    planned = RunFolder(task.folder).read()
    assert {key: getattr(planned, key) for key in of_the_first} == of_the_first
    assert (planned.status, planned.reason, planned.ledger) == ("planned", None, {})
    assert _given_up(task).status == "interrupted"
    assert RunFolder(task.folder).read().provenance == A_MACHINE
    member = Member(task)
    member.resume()
    member.begin(ANOTHER)
    assert RunFolder(task.folder).read().provenance == {**ANOTHER, "earlier": [A_MACHINE]}


def test_what_starts_again_from_nothing_has_nothing_of_an_earlier_attempt_on_record(study):
    study.write("cosine", "failed", provenance=A_MACHINE, metrics={"stage1_mAP50_95": 0.25})
    study.drained(study.open())
    planned = RunFolder(study.folder("cosine")).read()
    assert (planned.provenance, planned.metrics) == ({}, {})


def cut_off(folder):
    (folder / "snapshot.pt").write_bytes((folder / "snapshot.pt").read_bytes()[:100])


@pytest.mark.parametrize(
    ("status", "fresh", "spoil"),
    [
        ("diverged", False, lambda folder: None),
        ("failed", False, lambda folder: (folder / "snapshot.pt").unlink()),
        ("failed", False, cut_off),
        ("failed", True, lambda folder: None),
    ],
    ids=["diverged", "no snapshot", "a snapshot cut off", "fresh"],
)
def test_what_nothing_can_go_on_from_starts_again_from_nothing(study, status, fresh, spoil):
    study.write("cosine", status, snapshot_at(3), reason="boom")
    spoil(study.folder("cosine"))
    assert (["cosine"], 0, 8) in study.left(fresh=fresh)
    backlog = study.open(fresh=fresh)
    assert (["cosine"], 8) in study.drained(backlog)
    assert backlog.starts[study.ids["cosine"]].epochs == 0
    assert [path.name for path in study.folder("cosine").iterdir()] == ["run.json"]


@pytest.mark.parametrize("text", ["", "{", '{"schema": 99}'])
def test_a_record_that_cannot_be_read_is_named_set_aside_and_run_again(study, text):
    study.write("cosine", "done")
    (study.folder("cosine") / "run.json").write_text(text)
    events = []
    backlog = study.open(events=events)
    assert (["cosine"], 8) in study.drained(backlog)
    (told,) = [event.text for event in events if isinstance(event, Warned)]
    assert "set aside as run.json.unreadable" in told
    assert (study.folder("cosine") / "run.json.unreadable").read_text() == text


@pytest.mark.parametrize("at", ["the start", "its turn"])
def test_a_record_that_cannot_be_read_just_now_costs_nothing(study, monkeypatch, at):
    """A server that blinks: the run may be done, or have a snapshot."""
    study.write("cosine", "interrupted", snapshot_at(5))
    path = study.folder("cosine") / "run.json"
    read, there = Path.read_bytes, sorted(study.folder("cosine").iterdir())
    backlog = study.open() if at == "its turn" else None

    def blink(self):
        if self == path:
            raise OSError(errno.ESTALE, "Stale file handle")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", blink)
    with pytest.raises(StorageError, match=r"run.json cannot be read just now: Stale file handle; give the same"):
        study.drained(backlog or study.open())
    monkeypatch.undo()
    assert sorted(study.folder("cosine").iterdir()) == there
    assert (["cosine"], 5, 8) in study.left()


def another(tmp_path, *run_ids):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / COMMANDS), *run_ids], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() == "taken"
    return process


def test_runs_of_another_command_are_left_to_it_and_its_results_taken(study, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.execution.backlog._LOOK_AGAIN", 0.0)
    events = []
    backlog = study.open(events=events)
    backlog.plan()
    process = another(tmp_path, study.ids["two-stage-50"], study.ids["cosine"])
    try:
        assert study.drained(backlog) == [(["adaptive"], 8)]
        assert not backlog.empty
        told = {event.run_id for event in events if isinstance(event, RunStarted)}
        assert told == {study.ids["two-stage-50"], study.ids["cosine"]}
        with monkeypatch.context() as patched:  # who looks again at what is known to be elsewhere does not wait for it
            patched.setattr("bench.execution.reservation.time.sleep", lambda seconds: pytest.fail("it waited"))
            assert study.drained(backlog) == []
        # It finishes one, fails in another, and dies.
        study.write("two-stage-50", "done", snapshot_at(8), metrics={"mAP50_95": 0.5})
        study.write("cosine", "failed", snapshot_at(3), reason="boom")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert study.drained(backlog) == [(["l2"], 8)]
    assert backlog.empty
    ended = {event.run_id: event.status for event in events if isinstance(event, RunEnded)}
    assert ended == {study.ids["two-stage-50"]: "done", study.ids["cosine"]: "failed"}
    assert backlog.statuses[study.ids["cosine"]] == "failed"
    assert not (study.folder("two-stage-50") / "snapshot.pt").exists()
    assert (study.folder("cosine") / "snapshot.pt").exists()


def test_what_a_command_leaves_when_it_dies_is_taken_over_from_its_snapshot(study, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.execution.backlog._LOOK_AGAIN", 0.0)
    backlog = study.open()
    process = another(tmp_path, study.ids["cosine"])
    assert ["cosine"] not in [labels for labels, _ in study.drained(backlog)]
    study.write("cosine", "running", snapshot_at(5))
    process.kill()
    process.wait()
    process.stdout.close()
    assert study.drained(backlog) == [(["cosine"], 8)]
    assert backlog.starts[study.ids["cosine"]].epochs == 5


def test_a_run_that_is_done_is_shown_with_what_is_on_record(study, tmp_path):
    study.write("l2", "done", metrics={"mAP50_95": 0.5, "full_image": 0.25})
    backlog = study.open()
    backlog.plan()
    shown = {run.label: run for run in _planned(study.runs, backlog)}
    l2, cosine = shown["l2"], shown["cosine"]
    assert (l2.state, l2.done, l2.metrics) == ("done", 8, {"mAP50_95": 0.5, "full_image": 0.25})
    assert (cosine.state, cosine.done, cosine.metrics) == ("planned", 0, {})
    assert l2.data == study.runs[0].data["name"]
