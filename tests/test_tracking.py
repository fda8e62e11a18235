"""Trackers: what they write is read back, and none can take a run down."""

from __future__ import annotations

import json
import logging
import math
import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest
import wandb

from bench.report import build
from bench.report.machine import frame
from bench.tracking import RunInfo, TrackingConfig, credentials, log_study, open_trackers, trackers
from bench.tracking import weights_and_biases as wb
from bench.tracking.credentials import has_key, mode
from bench.tracking.metric_names import dashboard_row

from .report.samples import record, study

KEY = "0" * 40
ROW = {
    "epoch": 1,
    "progress": 0.0,
    "alpha": 0.8,
    "w_l2": 0.75,
    "w_mgiou": 0.25,
    "loss": 3.0,
    "loss_l2": 0.5,
    "loss_mgiou": 0.375,
    "grad_l2": 0.01,
    "grad_mgiou": 0.02,
    "grad_cosine": -0.5,
}
MEASURED = {"mAP50_95": 0.25, "full_image": 0.5}


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch):
    """Forget what earlier tests taught this process about trackers that fail."""
    monkeypatch.setattr(trackers, "_REPORTED", set())
    monkeypatch.setattr(wb._Server, "lost", False)


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


def rows(epochs=2):
    """Return rows whose alpha is 1 / epoch; the last is measured."""
    return [
        {**ROW, "epoch": epoch, "alpha": 1 / epoch, **(MEASURED if epoch == epochs else {})}
        for epoch in range(1, epochs + 1)
    ]


def follow(tracker, epochs=2, **ending):
    for row in rows(epochs):
        tracker.log_epoch(row)
    tracker.finish(record("static[alpha=0.5]", seed=3, ap=0.25, **ending))


def said(caplog):
    """Return the warnings of this project, without W&B's own log."""
    ours = [entry for entry in caplog.records if entry.name == "bench.tracking"]
    return [entry.getMessage() for entry in ours if entry.levelno >= logging.WARNING]


def read_back(folder):
    """Return every offline run in a folder, read by W&B's own reader: its records by type, by run id."""
    wandb.teardown()  # an offline run's end does not wait for the file
    runs = {}
    for path in sorted((folder / "wandb").glob("offline-run-*/run-*.wandb")):
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
        told = subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        records = {}
        for line in told.stdout.splitlines():
            one = json.loads(line)
            records.setdefault(one["type"], []).append(one[one["type"]])
        records["folder"] = path.parent
        runs[records["run"][0]["run_id"]] = records
    return runs


def summary(run):
    return {name: value for one in run["summary"] for name, value in one["update"].items()}


def history(run):
    """Return the logged columns by epoch, without W&B's own."""
    items = [one["item"] for one in run["history"]]
    return [{name: value for name, value in item.items() if not name.startswith("_")} for item in items]


# What is written


def test_off_writes_nothing(tmp_path):
    follow(open_trackers(config(tmp_path), info()))
    log_study(config(tmp_path), "main", pd.DataFrame({"strategy": ["l2"]}))
    assert list(tmp_path.iterdir()) == []


def test_columns_are_grouped_and_what_is_not_finite_is_left_out():
    row = dashboard_row({**ROW, **MEASURED, "conflict": 0.1, "net_grad_l2": math.nan, "lr": 0.002})
    assert row["weights/alpha"] == 0.8
    assert row["losses/loss_mgiou"] == 0.375
    assert row["gradients/grad_cosine"] == -0.5
    assert row["gradients/conflict"] == 0.1
    assert row["AP/mAP50_95"] == 0.25
    assert row["degenerate/full_image"] == 0.5
    assert "epoch" not in " ".join(row)
    assert not any(name.endswith("net_grad_l2") for name in row)


def test_an_offline_run_is_read_back_by_wandb(tmp_path):
    follow(open_trackers(config(tmp_path, "offline"), info()))
    run = read_back(tmp_path)["abc123abc123"]
    (about,) = run["run"]
    assert about["project"] == "hybrid-loss-bench"
    assert about["run_group"] == "static[alpha=0.5]-paper"
    assert about["display_name"] == "static[alpha=0.5]-paper-s3"
    assert about["tags"] == ["static", "paper", "documents", "main"]
    assert {name: value for name, value in about["config"]["update"].items() if name != "_wandb"} == {
        "strategy": "static",
        "parameters": {"alpha": 0.5},
        "form": "paper",
        "data": "documents",
        "seed": 3,
        "model": "yolo11n-polygon.yaml",
        "study": "main",
        "settings": {"epochs": 2},
    }
    assert history(run) == [{"epoch": row["epoch"], **dashboard_row(row)} for row in rows()]
    assert {"glob_name": "*", "step_metric": "epoch"}.items() <= run["metric"][1].items()
    final = summary(run)
    assert final["status"] == "done"
    assert final["final/mAP50_95"] == 0.25
    assert final["weights/alpha"] == 0.5
    assert [one["exit_code"] for one in run["exit"]] == [0]  # a slow machine adds a running time


def test_a_run_that_failed_says_so(tmp_path):
    follow(open_trackers(config(tmp_path, "offline"), info()), status="diverged", reason="loss is nan")
    run = read_back(tmp_path)["abc123abc123"]
    assert summary(run)["status"] == "diverged"
    assert summary(run)["reason"] == "loss is nan"
    assert [one["exit_code"] for one in run["exit"]] == [1]


def test_neither_code_nor_packages_nor_the_machine_are_recorded(tmp_path):
    follow(open_trackers(config(tmp_path, "offline"), info()))
    run = read_back(tmp_path)["abc123abc123"]
    assert [path for path in (run["folder"] / "files").rglob("*") if path.is_file()] == []
    assert not {"output", "output_raw", "stats", "environment"} & set(run)
    assert "git" not in run["run"][0]


def test_two_runs_of_one_process_stay_apart(tmp_path):
    for number in range(2):
        follow(
            open_trackers(config(tmp_path, "offline"), info(id=f"abc123abc12{number}", seed=number)), epochs=number + 1
        )
    runs = read_back(tmp_path)
    assert [len(history(runs[f"abc123abc12{number}"])) for number in range(2)] == [1, 2]


def test_the_closing_table_holds_every_row(tmp_path):
    records = study(l2=[0.5, 0.6], cosine=[0.7, 0.7]) + [record("mgiou", status="failed", reason="boom", form="paper")]
    table = frame(build(records).comparisons)
    assert table.isna().to_numpy().any()
    log_study(config(tmp_path, "offline"), "main", table)
    (run,) = read_back(tmp_path).values()
    assert run["run"][0]["job_type"] == "summary"
    assert run["run"][0]["display_name"] == "main-summary"
    (path,) = (run["folder"] / "files" / "media" / "table").glob("*.json")
    written = json.loads(path.read_text())
    assert written["columns"] == list(table.columns)
    assert [line[table.columns.get_loc("strategy")] for line in written["data"]] == list(table["strategy"])


def test_a_closing_table_of_mixed_columns_is_logged(tmp_path, caplog):
    log_study(config(tmp_path, "offline"), "main", pd.DataFrame({"a": [1, None, "x"], "b": [math.nan, 1.0, None]}))
    (run,) = read_back(tmp_path).values()
    assert summary(run)["comparison.nrows"] == 3
    assert said(caplog) == []


def tensorboard_events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (run,) = (folder / "tensorboard").iterdir()
    events = EventAccumulator(str(run))
    events.Reload()
    return events


def test_tensorboard_scalars_are_read_back(tmp_path):
    follow(open_trackers(config(tmp_path, tensorboard=True), info()))
    events = tensorboard_events(tmp_path)
    logged = [{"epoch": row["epoch"], **dashboard_row(row)} for row in rows()]
    assert set(events.Tags()["scalars"]) == {name for row in logged for name in row} - {"epoch"}
    for name in events.Tags()["scalars"]:
        expected = [(row["epoch"], pytest.approx(row[name])) for row in logged if name in row]
        assert [(event.step, event.value) for event in events.Scalars(name)] == expected


def test_tensorboard_shows_the_last_attempt_at_a_run(tmp_path):
    follow(open_trackers(config(tmp_path, tensorboard=True), info()), epochs=5)
    follow(open_trackers(config(tmp_path, tensorboard=True), info()), epochs=2)
    assert [event.step for event in tensorboard_events(tmp_path).Scalars("weights/alpha")] == [1, 2]


def test_a_long_or_empty_name_is_no_obstacle(tmp_path, caplog):
    follow(open_trackers(config(tmp_path, "offline"), info(data="d" * 80, study="")))
    (about,) = read_back(tmp_path)["abc123abc123"]["run"]
    assert about["tags"] == ["static", "paper", "d" * 64]
    assert said(caplog) == []


def test_nothing_lands_in_the_home(tmp_path):
    home, folder = tmp_path / "home", tmp_path / "study"
    home.mkdir()
    code = (
        "import pickle, sys\n"
        "from bench.tracking import open_trackers\n"
        "config, run, record = pickle.load(sys.stdin.buffer)\n"
        "tracker = open_trackers(config, run)\n"
        "tracker.log_epoch({'epoch': 1, 'alpha': 1.0})\n"
        "tracker.finish(record)\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB", "XDG"))}
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "HOME": str(home)},
        input=pickle.dumps((config(folder, "offline"), info(), record())),
        capture_output=True,
        check=True,
    )
    assert (told.stdout, told.stderr) == (b"", b"")
    assert [path for path in home.rglob("*") if path.is_file() and "wandb" in str(path)] == []
    assert len(list((folder / "wandb").glob("offline-run-*/run-abc123abc123.wandb"))) == 1


def test_what_is_sent_to_workers_survives_the_trip(tmp_path):
    sent = (config(tmp_path, "auto", tensorboard=True), info())
    assert pickle.loads(pickle.dumps(sent)) == sent


# Online or offline


def settings(**changes):
    return SimpleNamespace(**{"mode": "online", "api_key": None, "base_url": "https://wandb.example:8080"} | changes)


@pytest.fixture
def no_key(monkeypatch):
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", "/nonexistent")


@pytest.mark.parametrize(
    ("wanted", "known", "expected"),
    [
        ("auto", {}, "offline"),
        ("auto", {"api_key": KEY}, "online"),
        ("auto", {"api_key": KEY, "mode": "offline"}, "offline"),
        ("auto", {"api_key": KEY, "mode": "disabled"}, "disabled"),
        ("online", {"mode": "offline"}, "online"),
        ("offline", {"api_key": KEY}, "offline"),
    ],
)
@pytest.mark.usefixtures("no_key")
def test_online_only_with_a_key_or_when_told(monkeypatch, wanted, known, expected):
    monkeypatch.setattr(wandb, "setup", lambda: SimpleNamespace(settings=settings(**known)))
    assert mode(wanted) == expected


@pytest.mark.parametrize("name", ["WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE"])
@pytest.mark.usefixtures("no_key")
def test_a_key_may_come_from_the_environment(monkeypatch, name):
    assert not has_key(settings(), default_server=True)
    monkeypatch.setenv(name, KEY)
    assert has_key(settings(), default_server=True)


@pytest.mark.parametrize(
    ("text", "default_server", "expected"),
    [
        (f"machine wandb.example:8080 login user password {KEY}", False, True),
        (f"machine elsewhere.example login user password {KEY}", False, False),
        (f"machine api.wandb.ai login user password {KEY}", True, True),
        (f"machine api.wandb.ai login user password {KEY}", False, False),
        ("machine", True, False),
        ("", True, False),
    ],
)
@pytest.mark.usefixtures("no_key")
def test_a_key_may_come_from_a_netrc_file(monkeypatch, tmp_path, text, default_server, expected):
    (tmp_path / "netrc").write_text(text)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert has_key(settings(), default_server) == expected


@pytest.mark.usefixtures("no_key")
def test_the_home_netrc_files_are_looked_at(monkeypatch, tmp_path):
    monkeypatch.delenv("NETRC")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not has_key(settings(), default_server=True)
    (tmp_path / "_netrc").write_text(f"machine wandb.example:8080 login user password {KEY}")
    assert has_key(settings(), default_server=False)


@pytest.mark.usefixtures("no_key")
def test_asking_needs_neither_the_network_nor_a_prompt(monkeypatch):
    def forbidden(*args, **options):
        raise AssertionError("asked W&B's server or the user")

    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setattr(wandb, "login", forbidden)
    monkeypatch.setattr("builtins.input", forbidden)
    monkeypatch.setattr("socket.create_connection", forbidden)
    monkeypatch.setattr(wandb, "setup", lambda: SimpleNamespace(settings=settings()))
    assert mode("auto") == "online"
    assert credentials.has_key(settings(), default_server=True)


def test_a_server_that_is_not_reached_is_said_once_and_files_are_written(tmp_path, monkeypatch, caplog):
    wandb.teardown()
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setitem(wb._SETTINGS, "init_timeout", 1)
    with caplog.at_level(logging.WARNING, "bench.tracking"):
        for number in range(3):
            follow(open_trackers(config(tmp_path, "auto"), info(id=f"abc123abc12{number}")))
    runs = read_back(tmp_path)
    assert [len(history(runs[f"abc123abc12{number}"])) for number in range(3)] == [2, 2, 2]
    (one,) = said(caplog)
    assert one.startswith(f"W&B is not reached; runs are kept in {tmp_path / 'wandb'}, for `wandb sync`: ")
    assert "\n" not in one


def test_a_server_that_goes_away_costs_one_wait(tmp_path, caplog):
    class Stuck:
        dir = str(tmp_path / "wandb" / "run-1" / "files")
        summary = SimpleNamespace(update=lambda values: None)

        def finish(self, exit_code):
            raise TimeoutError("Timed out finishing run.")

    tracker = object.__new__(wb.WandbTracker)
    tracker._run = Stuck()
    with pytest.raises(TimeoutError, match=r"wandb sync --include-online`: .*wandb/run-1$"):
        tracker.finish(record())
    follow(open_trackers(config(tmp_path, "online"), info()))
    assert list(read_back(tmp_path)) == ["abc123abc123"]
    assert said(caplog) == []


def test_every_wait_for_the_network_has_an_end():
    known = wandb.Settings.model_fields
    assert 0 < wb._SETTINGS["init_timeout"] <= 60
    assert 0 < wb._SETTINGS["finish_timeout"] <= 60
    assert {"init_timeout", "finish_timeout", "finish_timeout_raises"} <= set(known)


# Failures


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
        for _ in range(2):  # runs, one after the other in a worker
            follow(trackers._Guarded({"bad": lambda: Failing(when), "good": lambda: Sound("never")}), epochs=3)
    (one,) = said(caplog)
    assert one.startswith("bad is off for this run: ")
    assert "\n" not in one
    assert seen == [1, 2, 3] * 2


def test_a_package_that_cannot_be_imported_is_a_warning(tmp_path, monkeypatch, caplog):
    monkeypatch.delitem(sys.modules, "bench.tracking.tensorboard", raising=False)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with caplog.at_level(logging.WARNING, "bench.tracking"):
        follow(open_trackers(config(tmp_path, tensorboard=True), info()))
    assert said(caplog)[0].startswith("TensorBoard is off for this run: ModuleNotFoundError")


def test_a_folder_that_cannot_be_written_is_a_warning_and_nothing_goes_elsewhere(tmp_path, monkeypatch, caplog):
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    blocked = tmp_path / "file"
    blocked.write_text("")
    with caplog.at_level(logging.WARNING, "bench.tracking"):
        follow(open_trackers(config(blocked, "offline", tensorboard=True), info()))
    told = said(caplog)
    assert len(told) == 2
    assert told[0].startswith("W&B is off for this run: ")
    assert told[1].startswith("TensorBoard is off for this run: ")
    assert list(elsewhere.rglob("*.wandb")) == []


def test_a_run_that_was_dropped_takes_nothing_from_the_next(tmp_path):
    first = open_trackers(config(tmp_path, "offline"), info(id="abc123abc120"))
    first.log_epoch({**ROW, "epoch": 1})
    first.log_epoch({**ROW, "epoch": 2, "alpha": None})
    follow(open_trackers(config(tmp_path, "offline"), info(id="abc123abc121")))
    runs = read_back(tmp_path)
    assert [row["epoch"] for row in history(runs["abc123abc120"])] == [1]
    assert [row["epoch"] for row in history(runs["abc123abc121"])] == [1, 2]
    assert "final/mAP50_95" not in summary(runs["abc123abc120"])


def test_when_the_service_has_died_the_next_run_gets_a_new_one(tmp_path, monkeypatch, caplog):
    begin, calls = wandb.init, []

    def init(**options):
        calls.append(options["mode"])
        if len(calls) == 1:
            raise ConnectionResetError("Connection lost")
        return begin(**options)

    monkeypatch.setattr(wandb, "init", init)
    follow(open_trackers(config(tmp_path, "offline"), info()))
    assert calls == ["offline", "offline"]
    assert len(history(read_back(tmp_path)["abc123abc123"])) == 2
    assert said(caplog) == []
