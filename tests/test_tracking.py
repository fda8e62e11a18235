"""Trackers: what they write is read back, and none can take a run down."""

from __future__ import annotations

import logging
import math

import pandas as pd
import pytest

from bench.tracking import RunInfo, TrackingConfig, log_study, open_trackers
from bench.tracking import trackers as module
from bench.tracking.metric_names import dashboard_row
from bench.tracking.weights_and_biases import mode

from .report.samples import record

ROW = {
    "epoch": 1,
    "progress": 0.0,
    "alpha": 0.8,
    "w_l2": 0.8,
    "w_mgiou": 0.2,
    "loss": 3.0,
    "loss_l2": 0.5,
    "loss_mgiou": 0.3,
    "grad_l2": 0.01,
    "grad_mgiou": 0.02,
    "grad_cosine": 0.4,
    "mAP50_95": 0.25,
    "full_image": 0.5,
}


def info(**changes):
    values = {
        "id": "abc123abc123",
        "study": "main",
        "label": "static[alpha=0.5]",
        "form": "paper",
        "seed": 3,
        "strategy": "static",
        "parameters": {"alpha": 0.5},
        "data": "documents",
        "model": "yolo11n-polygon.yaml",
        "settings": {"epochs": 2},
    }
    return RunInfo(**values | changes)


def config(folder, wandb="off", tensorboard=False):
    return TrackingConfig(wandb=wandb, tensorboard=tensorboard, folder=folder)


def follow(tracker, epochs=2):
    for epoch in range(1, epochs + 1):
        tracker.log_epoch({**ROW, "epoch": epoch, "alpha": 1 / epoch})
    tracker.finish(record("static[alpha=0.5]", seed=3, ap=0.25))


def test_off_writes_nothing(tmp_path):
    follow(open_trackers(config(tmp_path), info()))
    log_study(config(tmp_path), "main", pd.DataFrame({"strategy": ["l2"]}))
    assert list(tmp_path.iterdir()) == []


def test_columns_are_grouped_and_what_is_not_finite_is_left_out():
    row = dashboard_row({**ROW, "conflict": 0.1, "net_grad_l2": math.nan, "lr": 0.002})
    assert row["weights/alpha"] == 0.8
    assert row["losses/loss_mgiou"] == 0.3
    assert row["gradients/grad_cosine"] == 0.4
    assert row["gradients/conflict"] == 0.1
    assert row["AP/mAP50_95"] == 0.25
    assert row["degenerate/full_image"] == 0.5
    assert "epoch" not in " ".join(row)
    assert not any(name.endswith("net_grad_l2") for name in row)


def test_tensorboard_scalars_are_read_back(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    follow(open_trackers(config(tmp_path, tensorboard=True), info()))
    (folder,) = (tmp_path / "tensorboard").iterdir()
    events = EventAccumulator(str(folder))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("weights/alpha")] == [(1, 1.0), (2, 0.5)]
    assert {"AP/mAP50_95", "gradients/grad_l2", "losses/loss_l2", "degenerate/full_image"} <= set(
        events.Tags()["scalars"]
    )


def test_an_offline_run_holds_figures_config_and_summary(tmp_path):
    follow(open_trackers(config(tmp_path, "offline"), info()))
    log_study(config(tmp_path, "offline"), "main", pd.DataFrame({"strategy": ["l2"], "mAP50_95": [0.5]}))
    files = sorted((tmp_path / "wandb").glob("offline-run-*/run-*.wandb"))
    assert len(files) == 2
    (mine,) = [path for path in files if "abc123abc123" in path.name]
    content = mine.read_bytes()
    for word in (
        b"weights/alpha", b"weights/w_l2", b"weights/w_mgiou", b"losses/loss_l2", b"losses/loss_mgiou",
        b"gradients/grad_cosine", b"AP/mAP50_95", b"degenerate/full_image", b"final/mAP50_95", b"hybrid-loss-bench",
        b"static[alpha=0.5]-paper-s3", b"documents", b"no-mgiou",
    ):  # fmt: skip
        assert (word in content) == (word != b"no-mgiou"), word
    assert b"comparison" in next(path for path in files if path != mine).read_bytes()


@pytest.mark.parametrize(
    ("wanted", "environment", "login", "expected"),
    [
        ("auto", {}, False, "offline"),
        ("auto", {}, True, "online"),
        ("auto", {"WANDB_MODE": "disabled"}, True, "disabled"),
        ("online", {"WANDB_MODE": "offline"}, False, "online"),
        ("offline", {}, True, "offline"),
    ],
)
def test_online_only_with_a_key_or_when_told(monkeypatch, wanted, environment, login, expected):
    import wandb

    monkeypatch.delenv("WANDB_MODE", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(wandb, "login", lambda prompt: login)
    assert mode(wanted) == expected


def test_without_a_key_wandb_itself_says_so(monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("NETRC", "/nonexistent")
    assert mode("auto") == "offline"


class Failing:
    def __init__(self, when):
        self.when = when
        if when == "open":
            raise OSError("no space\nleft")

    def log_epoch(self, row):
        if self.when == "log":
            raise RuntimeError("service gone")

    def finish(self, record):
        if self.when == "finish":
            raise RuntimeError("service gone")


@pytest.mark.parametrize("when", ["open", "log", "finish"])
def test_a_tracker_that_fails_is_named_once_and_dropped(caplog, when):
    seen = []

    class Sound(Failing):
        def log_epoch(self, row):
            seen.append(row["epoch"])

    with caplog.at_level(logging.WARNING, "bench.tracking"):
        follow(module._Guarded([("bad", lambda: Failing(when)), ("good", lambda: Sound("never"))]), epochs=3)
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("bad is off for this run: ")
    assert "\n" not in caplog.records[0].getMessage()
    assert seen == [1, 2, 3]


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with caplog.at_level(logging.WARNING, "bench.tracking"):
        follow(open_trackers(config(blocked, tensorboard=True), info()))
    assert "TensorBoard is off for this run" in caplog.text
