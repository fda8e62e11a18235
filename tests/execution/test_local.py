"""Worker processes: they divide the work, and one that dies takes down its run alone."""

from __future__ import annotations

import os
import signal

import datasets
import strategies
from bench.execution.events import RunEnded, RunStarted
from bench.execution.hardware import resolve_device, share_out
from bench.execution.local import LocalPool
from bench.execution.task import Task
from bench.records import load_study
from bench.settings import DEFAULTS
from bench.study import arms_of, plan
from bench.tracking import TrackingConfig


def tasks(folder, source, names, plugins=()):
    runs = plan(
        arms_of([strategies.build(name) for name in names], ("paper",)),
        seeds=(0,),
        data=datasets.load(source),
        vertices=4,
        model="yolo11n-polygon.yaml",
        settings={**DEFAULTS, "epochs": 1, "imgsz": 64, "batch": 4},
    )
    return [
        Task(
            run_id=run.id,
            label=run.label,
            study="main",
            identity=run.identity,
            source=str(source),
            folder=folder / run.id,
            device="cpu",
            val_every=10,
            snapshot_every=10,
            plugins=plugins,
            tracking=TrackingConfig(wandb="off", tensorboard=False, folder=folder),
        )
        for run in runs
    ]


def test_a_worker_that_is_killed_takes_down_its_run_alone(tmp_path, small_folder):
    plugin = tmp_path / "killing.py"
    plugin.write_text(
        "import os, signal\n"
        "from strategies import Strategy, register\n"
        "@register('test-killing')\n"
        "class Killing(Strategy):\n"
        "    def weights(self, signals):\n"
        "        if signals.epochs == 1:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return 1.0, 0.0\n"
    )
    strategies.load_plugin(str(plugin))
    try:
        planned = tasks(tmp_path, small_folder, ["test-killing", "l2", "mgiou", "cosine"], (str(plugin),))
        events = []
        assert LocalPool(workers=2, threads=1).run(planned, events.append) == []
    finally:
        strategies.registry._registry.pop("test-killing")
    assert {r.label: r.status for r in load_study(tmp_path)} == {
        "test-killing": "failed",
        "l2": "done",
        "mgiou": "done",
        "cosine": "done",
    }
    (failed,) = [r for r in load_study(tmp_path) if r.status == "failed"]
    assert failed.reason.startswith("its worker process was ended by SIGKILL")
    assert len([e for e in events if isinstance(e, RunEnded)]) == 4
    assert {e.worker for e in events if isinstance(e, RunStarted)} == {0, 1}
    assert not list(tmp_path.rglob("*.tmp"))


def test_ctrl_c_returns_what_was_under_way_and_leaves_no_process(tmp_path, small_folder):
    planned = tasks(tmp_path, small_folder, ["l2", "mgiou"])
    running = []

    def interrupt(event):
        if isinstance(event, RunStarted):
            running.append(event.run_id)
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits "ignore"
    try:
        interrupted = LocalPool(workers=1, threads=1).run(planned, interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert [task.run_id for task in interrupted] == running == [planned[0].run_id]
    import multiprocessing

    assert multiprocessing.active_children() == []


def test_the_cpu_is_shared_out_a_thread_a_run():
    assert share_out("cpu", None, 1) == (1, 1)
    assert share_out("cpu", 5, 3) == (3, 1)
    assert share_out("0", None, 10)[0] == 1
    assert resolve_device("cpu") == "cpu"
