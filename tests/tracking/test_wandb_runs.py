"""What W&B has of a run beyond its figures, and of one that went on after a stop."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
import wandb
from PIL import Image

import datasets
from bench.records import RunFolder
from bench.tracking import open_trackers, wandb_session
from bench.tracking import weights_and_biases as wb
from bench.tracking.accounts import Account, note
from bench.tracking.wandb_artifacts import wandb_id

from ..report.samples import record
from .following import config, follow, history, info, read_back, rows, summary
from .test_pictures import guesses

ID = "abc123abc123"


@pytest.fixture(scope="module")
def data(small_folder):
    return datasets.load(str(small_folder))


def test_pictures_are_logged_with_the_epoch_that_they_are_of(tmp_path, data):
    follow(open_trackers(config(tmp_path, "offline"), info(), data=lambda: data), epochs=3, samples=guesses(data))
    run = read_back(tmp_path)[ID]
    assert [row["epoch"] for row in history(run)] == [1, 2, 3]
    (last,) = [row for row in history(run) if "predictions.path" in row]
    assert last["epoch"] == 3
    assert last["AP/mAP50_95"] == 0.25
    assert last["predictions._type"] == "image-file"
    with Image.open(run["folder"] / "files" / last["predictions.path"]) as picture:
        assert picture.size == (last["predictions.width"], last["predictions.height"])
    assert summary(run)["predictions.caption"] == "static[alpha=0.5]-paper-documents-s3, epoch 3"


def test_the_record_is_the_run_s_output(tmp_path):
    one = dataclasses.replace(record("static[alpha=0.5]", seed=3), id=ID)
    folder = RunFolder(tmp_path / ID)
    folder.write(one)
    folder.write_history(rows())
    follow(open_trackers(config(tmp_path, "offline"), info()))
    (artifact,) = read_back(tmp_path)[ID]["artifact"]
    assert (artifact["name"], artifact["type"]) == (f"record-{ID}-main", "record")
    assert [one["path"] for one in artifact["manifest"]["contents"]] == ["history.csv", "run.json"]
    assert not artifact.get("use_after_commit")


@pytest.mark.parametrize(
    ("ending", "title", "level"),
    [
        ({"status": "diverged", "reason": "loss is nan"}, "diverged: static[alpha=0.5]-paper-documents-s3", "ERROR"),
        ({"full_image": 0.51}, "collapsed: static[alpha=0.5]-paper-documents-s3", "WARN"),
        ({"full_image": 0.5}, None, None),
        ({"status": "failed", "reason": "boom"}, None, None),
        ({"status": "interrupted", "reason": "told to stop"}, None, None),
    ],
)
def test_an_alert_tells_of_divergence_and_of_collapse(tmp_path, monkeypatch, ending, title, level):
    told = []
    monkeypatch.setattr(wandb_session, "start", lambda *args, **options: stand_in(told))
    tracker = wb.WandbTracker(config(tmp_path, "offline"), info())
    tracker.finish(record("static[alpha=0.5]", seed=3, **ending))
    assert [(one[0], one[2]) for one in told] == ([(title, level)] if title else [])


def test_an_alert_is_in_the_file(tmp_path):
    follow(open_trackers(config(tmp_path, "offline"), info(label="x" * 80)), status="diverged", reason="loss is nan")
    (alert,) = read_back(tmp_path)[ID]["alert"]
    assert alert["text"] == f"loss is nan (study main, run {ID})"
    assert alert["level"] == "ERROR"
    assert alert["title"] == "diverged: " + "x" * 53


def test_what_an_earlier_attempt_ended_with_is_past(tmp_path, monkeypatch):
    """Online the summary is the same one."""
    kept = {"status": "interrupted", "reason": "told to stop"}
    monkeypatch.setattr(wandb_session, "start", lambda *args, **options: stand_in([], summary=kept))
    tracker = wb.WandbTracker(config(tmp_path, "online"), info(), goes_on=True)
    assert kept == {"status": "running", "reason": None}
    tracker.finish(record())
    assert (kept["status"], kept["reason"]) == ("done", None)


def test_what_a_run_took_is_in_the_summary(tmp_path, monkeypatch):
    kept = {}
    monkeypatch.setattr(wandb_session, "start", lambda *args, **options: stand_in([], summary=kept))
    one = dataclasses.replace(record(), timing={"started": "2026-01-01T00:00:00+00:00", "train_s": 7.5, "cpu_s": 300})
    wb.WandbTracker(config(tmp_path, "online"), info()).finish(one)
    assert {name: value for name, value in kept.items() if name.startswith("timing/")} == {
        "timing/train_s": 7.5,
        "timing/cpu_s": 300,
    }


def stand_in(told, starting_step=0, summary=None):
    """Return what is used of a run of W&B."""
    return SimpleNamespace(
        starting_step=starting_step,
        disabled=False,
        offline=False,
        dir="run/files",
        summary={} if summary is None else summary,
        define_metric=lambda *args, **options: None,
        log=lambda row, step, commit=None: told.append((step, row)),
        alert=lambda *args: told.append(args),
        log_artifact=lambda artifact: None,
        finish=lambda exit_code: told.append(("finish", exit_code)) if told is None else None,
    )


# Going on


def test_a_killed_run_that_goes_on_is_one_whole_run(tmp_path):
    """W&B holds back what it is told: the file of a process that is killed lacks it, and stops `wandb sync`."""
    code = (
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "from bench.tracking import open_trackers\n"
        "from tests.tracking.following import config, info, rows\n"
        "tracker = open_trackers(config(Path(sys.argv[1]), 'offline'), info())\n"
        "for row in rows(7):\n"
        "    tracker.log_epoch(row)\n"
        "time.sleep(0.5)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.DEVNULL)
    assert killed.returncode == -signal.SIGKILL
    follow(open_trackers(config(tmp_path, "offline"), info(), goes_on=True), epochs=8)
    assert len(list((tmp_path / "wandb").glob("*/*.superseded"))) == 1
    assert [one["item"]["_step"] for one in read_back(tmp_path)[ID]["history"]] == list(range(1, 9))


def test_a_run_that_is_repeated_takes_the_place_of_the_first(tmp_path):
    for epochs in (3, 2):
        follow(open_trackers(config(tmp_path, "offline"), info()), epochs)
    assert [row["epoch"] for row in history(read_back(tmp_path)[ID])] == [1, 2]


def test_online_it_goes_on_where_the_server_is(tmp_path, monkeypatch):
    asked, told = {}, []

    def start(tracking, **options):
        asked.update(options)
        return stand_in(told, starting_step=4)

    monkeypatch.setattr(wandb_session, "start", start)
    note(tmp_path / ID, "W&B", Account("online"))
    tracker = open_trackers(config(tmp_path, "online"), info(), goes_on=True)
    for row in rows(6):
        tracker.log_epoch(row)
    assert asked["goes_on"]
    assert [step for step, _ in told] == [4, 5, 6]


@pytest.mark.parametrize("place", [None, "online", "wandb/offline-run-1/run-1.wandb"])
@pytest.mark.parametrize("goes_on", [True, False])
@pytest.mark.parametrize("wanted", ["online", "offline"])
def test_the_server_is_asked_to_go_on_only_where_there_is_something(tmp_path, monkeypatch, place, goes_on, wanted):
    asked = {}

    def init(**options):
        asked.update(options)
        return stand_in([])

    monkeypatch.setattr(wandb, "init", init)
    if place:
        note(tmp_path / ID, "W&B", Account(place))
    open_trackers(config(tmp_path, wanted), info(), goes_on)
    assert asked["resume"] == ("allow" if (place, goes_on, wanted) == ("online", True, "online") else None)
    assert asked["mode"] == wanted


def test_two_studies_of_one_project_have_runs_of_their_own(tmp_path):
    for study in ("main", "it's another"):
        follow(open_trackers(config(tmp_path, "offline"), info(study=study)))
    ids = {one["run"][0]["run_id"] for one in read_back(tmp_path).values()}
    assert ids == {wandb_id(ID, "main"), wandb_id(ID, "it's another")}
    assert len(ids) == 2
