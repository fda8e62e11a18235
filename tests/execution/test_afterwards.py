"""What trackers missed is told at last: of runs that are over, once, by whoever has them."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest
import wandb

from bench.execution import afterwards
from bench.execution.reservation import COMMANDS, WORKERS
from bench.records import RunFolder
from bench.tracking import trackers

from ..commands import bench
from ..report.samples import record
from ..tracking.following import config, read_back, rows, said, summary

HERE = record().identity["data"]["fingerprint"]
DATA = {HERE: SimpleNamespace()}


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch):
    monkeypatch.setattr(trackers, "_REPORTED", set())


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a study with runs that are over, one way and the other, and one that is not."""
    for one in (record(), record("cosine"), record("mgiou", status="failed", reason="its worker was ended, twice")):
        RunFolder(tmp_path / one.id).write(one)
        RunFolder(tmp_path / one.id).write_history(rows())
    one = record("step", status="interrupted")
    RunFolder(tmp_path / one.id).write(one)
    return tmp_path


def tell(folder, mode="off", tensorboard=True, data=DATA):
    """Return what was said, and the ids of the runs that have event files."""
    told = []
    afterwards.tell_what_was_missed(config(folder, mode, tensorboard), data, told.append)
    return told, {path.name[-12:] for path in (folder / "tensorboard").glob("*")}


def ids(*records):
    return {one.id for one in records}


def test_runs_that_are_over_are_told_of_once(folder):
    written = {path: path.read_bytes() for path in folder.glob("*/*")}
    told, found = tell(folder, "offline")
    assert told == ["trackers are told from the records of runs that are over: 3"]
    assert found == ids(record(), record("cosine"), record("mgiou", status="failed"))
    runs = read_back(folder)
    assert runs.keys() == found
    (failed,) = (run for run in runs.values() if summary(run)["status"] == "failed")
    assert summary(failed)["reason"] == "its worker was ended, twice"
    assert {path: path.read_bytes() for path in written} == written  # the records are as they were
    assert tell(folder, "offline") == ([], found)


def test_the_same_command_mends_what_is_broken_and_tells_who_is_asked_for_now(tmp_path, small_folder):
    words = ("run", "--strategy", "l2", "--seeds", 1, "--data", small_folder, "--out", tmp_path, "--precision", "fp32")
    words += ("--set", "epochs=1", "--set", "imgsz=32", "--workers", 1)
    folder = tmp_path / "main"
    first = bench(*words, "--wandb", "offline")
    assert (first.code, "trackers are told" in first.err) == (0, False), first
    (path,) = (path for path in (folder / "wandb").glob("*/*.wandb") if "report" not in path.name)
    path.write_bytes(path.read_bytes()[:7])
    again = bench(*words, "--wandb", "offline", "--tensorboard")
    assert (again.code, "runs that are over: 1\n" in again.err) == (0, True), again
    runs = read_back(folder)
    assert sorted(one["run"][0]["job_type"] for one in runs.values()) == ["report", "train"]
    assert len(list((folder / "tensorboard").glob("*/*.tfevents.*"))) == 1
    third = bench(*words, "--wandb", "offline", "--tensorboard")
    assert (third.code, "trackers are told" in third.err) == (0, False), third
    assert len(list((folder / "wandb").glob("*/*.wandb"))) == 2


def test_nobody_who_was_not_asked_for_is_told(folder):
    assert tell(folder, "off", tensorboard=False) == ([], set())
    assert not (folder / "wandb").exists()


def test_a_run_that_came_to_another_end_is_told_of_again(folder):
    tell(folder)
    RunFolder(folder / record("mgiou").id).write(record("mgiou"))
    told, _ = tell(folder)
    assert told == ["trackers are told from the records of runs that are over: 1"]


def test_runs_on_data_that_the_command_has_not_are_passed_over(folder):
    assert tell(folder, data={"another": SimpleNamespace()}) == ([], set())


@pytest.mark.parametrize("name", [COMMANDS, WORKERS])
def test_runs_that_another_command_is_at_are_its_own(folder, name):
    code = (
        "import sys\nfrom pathlib import Path\nfrom bench.execution.reservation import Reservations\n"
        "locks = Reservations(Path(sys.argv[1]))\nassert locks.take([sys.argv[2]])\nprint(flush=True)\ninput()\n"
    )
    command = [sys.executable, "-c", code, str(folder / name), record("cosine").id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        other.stdout.readline()
        _, found = tell(folder)
        assert found == ids(record(), record("mgiou", status="failed"))
        with contextlib.suppress(BrokenPipeError):
            other.stdin.write("\n")
    assert tell(folder)[1] == found | ids(record("cosine"))


@pytest.mark.parametrize(
    ("name", "content"), [("run.json", b"\xff"), ("history.csv", b"\xff"), ("history.csv", b"loss\n1\n")]
)
def test_a_record_that_cannot_be_read_keeps_no_other_back(folder, caplog, name, content):
    (folder / record("cosine").id / name).write_bytes(content)
    with caplog.at_level(logging.WARNING, "bench.tracking"):
        _, found = tell(folder)
    assert found >= ids(record(), record("mgiou", status="failed"))
    assert len(said(caplog)) == (name == "history.csv")


def test_a_channel_that_keeps_failing_is_given_up_and_the_other_is_not(folder, monkeypatch, caplog):
    for seed in range(1, 8):
        RunFolder(folder / record(seed=seed).id).write(record(seed=seed))
    asked = []

    def refuse(**options):
        asked.append(options["id"])
        raise wandb.errors.UsageError("no such thing")

    monkeypatch.setattr(wandb, "init", refuse)
    with caplog.at_level(logging.WARNING, "bench.tracking"):
        _, found = tell(folder, "offline")
    assert len(set(asked)) == 3
    assert len(found) == 10
    assert said(caplog) == ["W&B is off for this run: UsageError: no such thing"]


def test_no_failure_is_more_than_a_warning(folder, monkeypatch, caplog):
    monkeypatch.setattr(afterwards, "wanted_mode", lambda config: 1 / 0)
    with caplog.at_level(logging.WARNING, "bench.tracking"):
        tell(folder, "auto")
    assert said(caplog) == ["trackers are not told what they missed: ZeroDivisionError: division by zero"]
