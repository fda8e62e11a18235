"""Trackers: what they write is read back, and none can take a run down."""

from __future__ import annotations

import logging
import math
import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest
import wandb

from bench.tracking import credentials, log_study, open_trackers, trackers, wandb_session
from bench.tracking import weights_and_biases as wb
from bench.tracking.credentials import has_key, mode
from bench.tracking.metric_names import HEADINGS, dashboard_row

from ..report.samples import record
from .following import MEASURED, ROW, config, data, follow, history, info, read_back, rows, said, summary

KEY = "0" * 40


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch):
    """Forget what earlier tests taught this process about trackers that fail."""
    monkeypatch.setattr(trackers, "_REPORTED", set())
    monkeypatch.setattr(wandb_session.Server, "lost", False)


# What is written


def test_off_writes_nothing(tmp_path):
    follow(open_trackers(config(tmp_path), info()))
    log_study(config(tmp_path), "main", lambda: pytest.fail("nothing is asked for"))
    assert list(tmp_path.iterdir()) == []


def test_columns_are_grouped_and_what_is_not_finite_is_left_out():
    row = dashboard_row({**ROW, **MEASURED, "alpha_step": 0.01, "conflict": 0.1, "net_grad_l2": math.nan, "lr": 0.002})
    assert row["weights/alpha"] == 0.8
    assert row["weights/alpha_step"] == 0.01
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
    assert about["run_group"] == "static[alpha=0.5]-paper-documents"
    assert about["display_name"] == "static[alpha=0.5]-paper-documents-s3"
    assert about["job_type"] == "train"
    assert about["tags"] == ["static", "paper", "documents", "main", "seed-3"]
    assert {name: value for name, value in about["config"]["update"].items() if name != "_wandb"} == {
        "run_id": "abc123abc123",
        "label": "static[alpha=0.5]",
        "strategy": "static",
        "parameters": {"alpha": 0.5},
        "form": "paper",
        "data": "documents",
        "fingerprint": "f00d",
        "vertices": 4,
        "seed": 3,
        "replicate": 0,
        "model": "yolo11n-polygon.yaml",
        "study": "main",
        "settings": {"epochs": 2},
    }
    assert history(run) == [{"epoch": row["epoch"], **dashboard_row(row)} for row in rows()]
    assert [one["item"]["_step"] for one in run["history"]] == [1, 2]
    metrics = {one.get("glob_name", one.get("name")): one for one in run["metric"]}
    assert metrics.keys() == {"epoch", "predictions", *(f"{heading}/*" for heading in HEADINGS)}
    assert all(one["step_metric"] == "epoch" for name, one in metrics.items() if name != "epoch")
    assert metrics["AP/*"]["summary"] == metrics["degenerate/*"]["summary"] == {"last": True, "max": True}
    final = summary(run)
    assert final["status"] == "done"
    assert final["final/mAP50_95"] == 0.25
    assert final["AP/mAP50_95"] == {"last": 0.25, "max": 0.25}
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


def test_a_long_or_empty_name_is_no_obstacle(tmp_path, caplog):
    follow(open_trackers(config(tmp_path, "offline"), info(data=data("d" * 80), study="")))
    (about,) = read_back(tmp_path)["abc123abc123"]["run"]
    assert about["tags"] == ["static", "paper", "d" * 64, "seed-3"]
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
    assert len(list((folder / "wandb").glob("offline-run-*/run-abc123abc123-main.wandb"))) == 1


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
    monkeypatch.setattr("socket.getaddrinfo", forbidden)
    monkeypatch.setattr(wandb, "setup", lambda: SimpleNamespace(settings=settings()))
    assert mode("auto") == "online"
    assert credentials.has_key(settings(), default_server=True)


def test_a_server_that_is_not_reached_is_said_once_and_files_are_written(tmp_path, monkeypatch, caplog):
    wandb.teardown()
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setitem(wandb_session.SETTINGS, "init_timeout", 1)
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
    tracker._run, tracker._info, tracker._folder = Stuck(), info(), tmp_path
    with pytest.raises(TimeoutError, match="no answer in 60 s; it is told anew"):
        tracker.finish(record())
    follow(open_trackers(config(tmp_path, "online"), info()))
    assert list(read_back(tmp_path)) == ["abc123abc123"]
    assert said(caplog) == []


def test_every_wait_for_the_network_has_an_end():
    known = wandb.Settings.model_fields
    assert 0 < wandb_session.SETTINGS["init_timeout"] <= 60
    assert 0 < wandb_session.SETTINGS["finish_timeout"] <= 60
    assert {"init_timeout", "finish_timeout", "finish_timeout_raises"} <= set(known)


# Failures


class Failing:
    told, place = 0, "somewhere"

    def __init__(self, when, given_up=None):
        self.when, self.given_up = when, given_up
        if when == "open":
            raise OSError("no space\nleft")

    def log_epoch(self, row):
        if self.when == "log":
            raise RuntimeError("service gone")

    def finish(self, record):
        if self.when == "finish":
            raise RuntimeError("service gone")

    def give_up(self, error):
        self.given_up.append(str(error))
        raise OSError("not even that")


@pytest.mark.parametrize("when", ["open", "log", "finish"])
def test_a_tracker_that_fails_is_named_once_and_dropped(caplog, when):
    seen, given_up, noted = [], [], []

    class Sound(Failing):
        def log_epoch(self, row):
            seen.append(row["epoch"])

    with caplog.at_level(logging.WARNING, "bench.tracking"):
        for _ in range(2):  # runs, one after the other in a worker
            openers = {"bad": lambda: Failing(when, given_up), "good": lambda: Sound("never")}
            tracker = trackers.Guarded(openers, noted=lambda name, account: noted.append((name, bool(account.content))))
            follow(tracker, epochs=3)
            assert tracker.failed == {"bad"}
    (one,) = said(caplog)
    assert one.startswith("bad is off for this run: ")
    assert "\n" not in one
    assert seen == [1, 2, 3] * 2
    assert given_up == ([] if when == "open" else ["service gone"] * 2)
    assert [name for name, whole in noted if whole] == ["good"] * 2


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
    assert list(runs) == ["abc123abc121"]
    assert [row["epoch"] for row in history(runs["abc123abc121"])] == [1, 2]
    assert len(list((tmp_path / "wandb").glob("*/run-abc123abc120-main.wandb.superseded"))) == 1


@pytest.mark.parametrize("wanted", ["online", "offline"])
def test_when_the_service_has_died_the_next_run_gets_a_new_one(tmp_path, monkeypatch, caplog, wanted):
    begin, calls = wandb.init, []

    def init(**options):
        calls.append(options["mode"])
        if len(calls) == 1:
            raise ConnectionResetError("Connection lost")
        return begin(**{**options, "mode": "offline"})

    monkeypatch.setattr(wandb, "init", init)
    follow(open_trackers(config(tmp_path, wanted), info()))
    assert calls == [wanted, wanted]
    assert len(history(read_back(tmp_path)["abc123abc123"])) == 2
    assert said(caplog) == []
    assert not wandb_session.Server.lost


def test_a_service_that_is_killed_costs_one_warning_and_leaves_nothing_broken(tmp_path):
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "import psutil\n"
        "from bench.tracking import open_trackers\n"
        "from tests.tracking.following import config, follow, info, rows\n"
        "tracker = open_trackers(config(Path(sys.argv[1]), 'offline'), info())\n"
        "(core,) = [one for one in psutil.Process().children() if one.name().startswith('wandb-core')]\n"
        "core.kill()\n"
        "for row in rows(20):\n"
        "    time.sleep(0.05)\n"
        "    tracker.log_epoch(row)\n"
        "if sys.argv[2] == 'next':\n"
        "    follow(open_trackers(config(Path(sys.argv[1]), 'offline'), info(id='abc123abc124')))\n"
    )
    for ending in ("last", "next"):
        folder = tmp_path / ending
        words = [sys.executable, "-c", code, str(folder), ending]
        ended = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert (ended.returncode, ended.stdout) == (0, "")
        (line,) = ended.stderr.splitlines()
        assert line.startswith("W&B is off for this run: ConnectionResetError")
        assert list(read_back(folder)) == (["abc123abc124"] if ending == "next" else [])


@pytest.mark.parametrize(("said", "project"), [("", "hybrid-loss-bench"), ("mine", "mine")])
def test_an_empty_project_is_none(tmp_path, monkeypatch, said, project):
    monkeypatch.setenv("WANDB_PROJECT", said)
    assert wandb_session.project_of(config(tmp_path)) == project
