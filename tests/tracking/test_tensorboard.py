"""Event files, read back by TensorBoard's own reader and shown by its own server."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import Status

import datasets
from bench.records import RunFolder
from bench.tracking import open_trackers
from bench.tracking.metric_names import dashboard_row

from ..commands import refused
from ..report.samples import record
from .following import config, follow, info, rows
from .test_pictures import guesses

DRAWN = {"name": "shuffled", "parameters": {"alpha": 0.5}, "drawn": {"order": [1, 2]}}


def written(folder):
    (run,) = (folder / "tensorboard").iterdir()
    events = EventAccumulator(str(run))
    events.Reload()
    return events


def settings(events):
    """Return what the table of hyperparameters knows of a run: its settings, and how it ended."""
    content = events.summary_metadata
    start = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG].plugin_data.content)
    end = None
    if metadata.SESSION_END_INFO_TAG in content:
        end = metadata.parse_session_end_info_plugin_data(content[metadata.SESSION_END_INFO_TAG].plugin_data.content)
    kinds = {name: value.WhichOneof("kind") for name, value in start.hparams.items()}
    return {name: getattr(value, kinds[name]) for name, value in start.hparams.items()}, end


def test_scalars_are_read_back(tmp_path):
    follow(open_trackers(config(tmp_path, tensorboard=True), info()))
    events = written(tmp_path)
    logged = [{"epoch": row["epoch"], **dashboard_row(row)} for row in rows()]
    assert set(events.Tags()["scalars"]) == {name for row in logged for name in row} - {"epoch"}
    for name in events.Tags()["scalars"]:
        expected = [(row["epoch"], pytest.approx(row[name])) for row in logged if name in row]
        assert [(event.step, event.value) for event in events.Scalars(name)] == expected


def test_the_last_attempt_at_a_run_is_shown(tmp_path):
    for epochs in (5, 2):
        follow(open_trackers(config(tmp_path, tensorboard=True), info()), epochs)
    assert [event.step for event in written(tmp_path).Scalars("weights/alpha")] == [1, 2]


def test_a_run_that_goes_on_has_every_epoch_once(tmp_path):
    first = open_trackers(config(tmp_path, tensorboard=True), info())
    for row in rows(7):
        first.log_epoch(row)
    follow(open_trackers(config(tmp_path, tensorboard=True), info(), goes_on=True), epochs=8)
    assert [event.step for event in written(tmp_path).Scalars("weights/alpha")] == list(range(1, 9))


def test_a_run_that_began_without_event_files_has_every_epoch(tmp_path):
    """Its snapshot may say that it was followed, by another channel or by none."""
    tracker = open_trackers(config(tmp_path, tensorboard=True), info(), goes_on=True)
    follow(tracker, epochs=8)  # of those before the snapshot, too: `Member.track` tells all
    assert [event.step for event in written(tmp_path).Scalars("weights/alpha")] == list(range(1, 9))


@pytest.mark.parametrize(
    "label",
    ["late[file=/etc/passwd]", "late[file=../../../elsewhere]", "x" * 300, "ü" * 300, 'a\\b:c*?"<>|', "..", "."],
)
def test_event_files_lie_in_their_folder_whatever_a_run_is_called(tmp_path, label):
    study = tmp_path / "a" / "b" / "study"
    follow(open_trackers(config(study, tensorboard=True), info(label=label)))
    (path,) = tmp_path.rglob("*.tfevents.*")
    assert path.parent.parent == study / "tensorboard"
    assert path.parent.name.endswith("-abc123abc123")
    assert not set(path.parent.name) & set('/\\:*?"<>|')


def test_a_run_keeps_its_folder_under_another_name(tmp_path):
    for label in ("one", "another"):
        follow(open_trackers(config(tmp_path, tensorboard=True), info(label=label)))
    written(tmp_path)  # which takes two folders amiss


def test_what_is_told_is_on_disk_at_once(tmp_path):
    tracker = open_trackers(config(tmp_path, tensorboard=True), info())
    tracker.log_epoch(rows(1)[0])
    assert [event.step for event in written(tmp_path).Scalars("weights/alpha")] == [1]


def test_pictures_are_read_back(tmp_path, small_folder):
    data = datasets.load(str(small_folder))
    tracker = open_trackers(config(tmp_path, tensorboard=True), info(), data=lambda: data)
    follow(tracker, epochs=3, samples=guesses(data))
    (event,) = written(tmp_path).Images("predictions")
    assert (event.step, event.height, event.width) == (3, 212, 848)


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ({}, Status.STATUS_SUCCESS),
        ({"status": "diverged", "reason": "loss is nan"}, Status.STATUS_FAILURE),
        ({"status": "interrupted", "reason": "told to stop"}, None),
    ],
)
def test_settings_stand_in_the_run_s_own_folder(tmp_path, ending, status):
    run = info(settings={"epochs": 2, "amp": True, "pretrained": None}, form=None, strategy=DRAWN)
    follow(open_trackers(config(tmp_path, tensorboard=True), run), **ending)
    found, end = settings(written(tmp_path))
    assert found == {
        "study": "main",
        "strategy": "static[alpha=0.5]",
        "form": "none",
        "seed": 3.0,
        "data": "documents",
        "fingerprint": "f00d",
        "vertices": 4.0,
        "replicate": 0.0,
        "model": "yolo11n-polygon.yaml",
        "strategy.alpha": 0.5,
        "drawn": "{'order': [1, 2]}",
        "settings.epochs": 2.0,
        "settings.amp": True,
    }
    assert (end and end.status) == status


@contextlib.contextmanager
def command(*words):
    """Run `python -m bench tensorboard` in a process of its own, which is ended at last."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "tensorboard", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process):
    """Return the next line of this project on stderr, or what there is until the end."""
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("bench: "):
            return line
    return "".join(lines)


def test_the_server_shows_every_run_and_ctrl_c_ends_it(tmp_path):
    one = record()
    RunFolder(tmp_path / "main" / one.id).write(one)
    for seed in (0, 1):
        follow(open_trackers(config(tmp_path / "main", tensorboard=True), info(id=f"abc123abc12{seed}", seed=seed)))
    with command("main", "--out", tmp_path, "--port", "0") as process:
        told = said(process)
        address = re.search(r"at (http://127\.0\.0\.1:(\d+)/); Ctrl-C ends it", told)
        assert address, told

        def ask(what, **body):
            request = urllib.request.Request(
                f"{address[1]}data/{what}",
                json.dumps(body).encode() if body else None,
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)

        for _ in range(2400):
            if len(names := ask("runs")) == 2:
                break
            time.sleep(0.05)
        assert names == [f"static[alpha=0.5]-paper-documents-s{seed}-abc123abc12{seed}" for seed in (0, 1)]
        table = ask("plugin/hparams/experiment", experimentName="")
        assert {"seed", "strategy", "strategy.alpha"} <= {column["name"] for column in table["hparamInfos"]}
        assert "AP/mAP50_95" in {metric["name"]["tag"] for metric in table["metricInfos"]}
        with command("main", "--out", tmp_path, "--port", address[2]) as second:
            assert re.match(r"bench: --port: .*; choose another", said(second))
            assert second.wait() == 2
        process.send_signal(signal.SIGINT)
        assert said(process) == "bench: TensorBoard has ended\n"
        assert process.wait() == 0


def test_a_study_without_event_files_says_how_to_have_them(tmp_path):
    one = record()
    RunFolder(tmp_path / "main" / one.id).write(one)
    line = refused("tensorboard", "--out", tmp_path)
    assert line.endswith("has no event files; the study's command writes them, given again with --tensorboard")
