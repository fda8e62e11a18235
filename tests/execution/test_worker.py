"""One run from task to record, in this process."""

from __future__ import annotations

import dataclasses
import logging

import pytest
import torch

import strategies
from bench.detector.trainer import PolygonTrainer
from bench.events import EpochDone, RunEnded, RunStarted, Warned
from bench.execution.backlog import Backlog
from bench.execution.resume import Progress, write_progress
from bench.execution.stop import StopSignal
from bench.execution.task import Work
from bench.execution.worker import carry_out
from bench.records import RunFolder
from bench.tracking import open_trackers
from tests.models import SMALL


@pytest.fixture
def carried_out(make_runs, make_tasks, tmp_path):
    """Return a maker of finished runs: `carried_out("l2", epochs=2)` gives its folder, record and events."""
    torch.set_num_threads(1)

    def make(text, fingerprint=None, **settings):
        (run,) = make_runs(text, **{"nbs": 4, **settings})
        if fingerprint:
            run = dataclasses.replace(run, data={**run.data, "fingerprint": fingerprint})
        task = make_tasks([run], tmp_path, val_every=10)[run.id]
        events = []
        carry_out(Work((task,), task.epochs), events.append)
        folder = RunFolder(task.folder)
        return folder, folder.read(), events

    return make


def test_a_run_tells_how_it_goes(carried_out):
    _, record, events = carried_out("l2")
    assert isinstance(events[0], RunStarted)
    assert [(e.epoch, e.epochs) for e in events if isinstance(e, EpochDone)] == [(1, 2), (2, 2)]
    assert isinstance(events[-1], RunEnded)
    assert events[-1].status == record.status == "done"
    assert record.images == {"train": 12, "val": 4}
    assert record.timing["train_s"] > 0
    assert record.timing["total_s"] >= record.timing["train_s"] + record.timing["eval_s"]


def test_a_tracker_that_fails_is_told_to_the_parent_and_costs_nothing_else(carried_out, monkeypatch):
    def broken(config, run, goes_on, data):
        logging.getLogger("bench.tracking").warning("W&B is off for this run: OSError: no network")
        return open_trackers(config, run, goes_on, data)

    monkeypatch.setattr("bench.execution.member.open_trackers", broken)
    _, record, events = carried_out("l2", epochs=1)
    assert [event.text for event in events if isinstance(event, Warned)] == [
        "W&B is off for this run: OSError: no network"
    ]
    assert record.done
    assert not logging.getLogger("bench").handlers


def test_a_two_stage_run_keeps_ap_and_weights_of_its_first_stage(carried_out):
    folder, record, _ = carried_out("two-stage-50", epochs=4)
    history = folder.read_history()
    assert history["mAP50_95"].notna().tolist() == [False, True, False, True]
    assert record.metrics["stage1_epoch"] == 2
    assert record.metrics["stage1_mAP50_95"] == pytest.approx(history["mAP50_95"][1])
    assert record.metrics["stage1_full_image"] == pytest.approx(history["full_image"][1])
    kept = torch.load(folder.path / "stage1.pt", weights_only=True)["state_dict"]
    final = torch.load(folder.path / "weights.pt", weights_only=True)["state_dict"]
    assert kept.keys() == final.keys()
    assert any(not torch.equal(kept[key], final[key]) for key in kept)


def test_a_second_stage_that_diverges_loses_nothing_of_the_first(carried_out, monkeypatch):
    @strategies.register("test-late-nan")
    class LateNaN(strategies.get("two-stage-50")):
        def weights(self, signals):
            broken = signals.progress >= self.switch and signals.epochs == 4
            return (float("nan"), 0.0) if broken else (1.0, 0.0)

    try:
        folder, record, events = carried_out("test-late-nan", epochs=4)
    finally:
        strategies.registry._registry.pop("test-late-nan")
    assert record.status == events[-1].status == "diverged"
    assert "epoch 3" in record.reason
    assert record.metrics["stage1_epoch"] == 2
    assert (folder.path / "stage1.pt").exists()
    assert not (folder.path / "weights.pt").exists()
    assert len(folder.read_history()) == 2


def test_data_that_changed_meanwhile_fail_the_run(carried_out):
    folder, record, _ = carried_out("l2", fingerprint="other")
    assert record.status == "failed"
    assert "the data changed while the study ran" in record.reason
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


def test_an_error_before_training_fails_the_run_and_not_the_process(make_runs, make_tasks, tmp_path, monkeypatch):
    def lost(device):
        raise RuntimeError("No CUDA GPUs are available")

    monkeypatch.setattr("bench.execution.worker.Usage", lost)
    runs = make_runs("l2", "two-stage-50")
    tasks = list(make_tasks(runs, tmp_path).values())
    assert carry_out(Work(tuple(tasks), 2), lambda event: None).apart
    before = dataclasses.replace(tasks[0].record("interrupted"), provenance={"commit": "of its first epochs"})
    RunFolder(tasks[0].folder).write(before)
    events = []
    over = carry_out(Work((tasks[0],), 2), events.append)
    assert not over.goes_on
    record = RunFolder(tasks[0].folder).read()
    assert record.provenance == before.provenance
    assert record.status == events[-1].status == "failed"
    assert record.reason == events[-1].reason == "RuntimeError: No CUDA GPUs are available"
    assert "in lost" in (tasks[0].folder / "error.log").read_text()


def test_what_being_told_to_stop_brings_down_is_no_failure(make_runs, make_tasks, tmp_path, monkeypatch):
    """Sent to a whole group, SIGTERM ends the processes that load images as well, and torch raises at that."""
    stop = StopSignal()

    def brought_down(trainer):
        stop.asked = True
        raise RuntimeError("DataLoader worker (pid 1) is killed by signal: Terminated.")

    monkeypatch.setattr(PolygonTrainer, "run", brought_down)
    tasks = tuple(make_tasks(make_runs("l2", "two-stage-50"), tmp_path).values())
    over = carry_out(Work(tasks, 1), lambda event: None, stop)
    assert over.stopped
    assert {RunFolder(task.folder).read().status for task in tasks} == {"interrupted"}


@pytest.mark.parametrize(
    "words", ["CUDA out of memory. Tried", "GET was unable to find an engine to execute", "CUBLAS_STATUS_ALLOC_FAILED"]
)
def test_too_little_memory_is_advised_about_however_it_is_said(make_runs, make_tasks, tmp_path, monkeypatch, words):
    def full(trainer):
        raise RuntimeError(words)

    monkeypatch.setattr(PolygonTrainer, "run", full)
    (task,) = make_tasks(make_runs("l2"), tmp_path).values()
    carry_out(Work((task,), 2), lambda event: None)
    assert RunFolder(task.folder).read().reason.startswith("out of memory with batch=4 at imgsz=64: try fewer")


def files_of(folder):
    """Return what a run leaves, but for clocks."""
    weights = torch.load(folder.path / "weights.pt", weights_only=True)["state_dict"]
    return (
        {key: value.numpy().tobytes() for key, value in weights.items()},
        folder.read_history().drop(columns="seconds").to_csv(),
        sorted(path.name for path in folder.path.iterdir()),
    )


def carried_out_in(make_tasks, run, folder, **options):
    """Carry out a run; return its folder, its record and what happened."""
    task = make_tasks([run], folder, **options)[run.id]
    events = []
    over = carry_out(Work((task,), task.epochs), events.append)
    return RunFolder(task.folder), over, events


def test_a_run_that_failed_goes_on_from_its_last_epoch_once_what_it_failed_of_is_mended(
    make_runs, make_tasks, tmp_path, monkeypatch
):
    (run,) = make_runs("adaptive", epochs=4)
    whole, *_ = carried_out_in(make_tasks, run, tmp_path / "whole")

    def failing(trainer):
        if trainer.epoch == 3:
            raise OSError("the network drive is gone")
        return open_epoch(trainer)

    open_epoch = PolygonTrainer._open_epoch
    with monkeypatch.context() as patched:
        patched.setattr(PolygonTrainer, "_open_epoch", failing)
        folder, _, events = carried_out_in(make_tasks, run, tmp_path / "failed")
    assert (events[-1].status, events[-1].reason) == ("failed", "OSError: the network drive is gone")
    again = Backlog(tmp_path / "failed", [run], make_tasks([run], tmp_path / "failed"), True, {})
    try:
        assert again.take().length == 1
    finally:
        again.close()
    folder, _, events = carried_out_in(make_tasks, run, tmp_path / "failed")
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [4]
    assert folder.read().done
    assert files_of(folder) == files_of(whole)


def test_a_snapshot_that_no_trainer_fits_is_set_aside_and_its_run_starts_again(make_runs, make_tasks, tmp_path):
    (run,) = make_runs("l2", epochs=2)
    whole, *_ = carried_out_in(make_tasks, run, tmp_path / "whole")
    task = make_tasks([run], tmp_path / "unfit")[run.id]
    other = {"epoch": 0, "model": {"another layer": torch.zeros(3)}, "mixers": [{"strategy": {}, "alpha": None}]}
    write_progress(task.folder, task.identity, Progress(rows=[{"epoch": 1}], trainer=other))
    folder, over, events = carried_out_in(make_tasks, run, tmp_path / "unfit")
    assert over.apart
    (told,) = [event.text for event in events if isinstance(event, Warned)]
    assert "snapshot.pt cannot be gone on from; set aside as snapshot.unreadable" in told
    assert "KeyError" in told
    folder, _, events = carried_out_in(make_tasks, run, tmp_path / "unfit")
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [1, 2]
    (folder.path / "snapshot.unreadable").unlink()
    assert files_of(folder) == files_of(whole)


def test_a_model_that_was_edited_meanwhile_fails_the_run(make_runs, make_tasks, tmp_path):
    (run,) = make_runs("l2")
    folder, _, events = carried_out_in(make_tasks, dataclasses.replace(run, model_digest="0" * 12), tmp_path)
    assert events[-1].reason == f"{SMALL}: the model changed while the study ran; start it again"
    assert folder.read().status == "failed"


def test_a_plugin_that_was_edited_meanwhile_fails_the_run(make_runs, make_tasks, tmp_path):
    @strategies.register("test-edited")
    class Edited(strategies.Strategy):
        def weights(self, signals):
            return 1.0, 0.0

    try:
        (run,) = make_runs("test-edited")
        assert run.identity["strategy"]["source"] == Edited.own_source
        Edited.own_source = "0" * 12  # as a worker that has read the file after an edit would have it
        *_, events = carried_out_in(make_tasks, run, tmp_path)
    finally:
        strategies.registry._registry.pop("test-edited")
    assert (events[-1].status, events[-1].reason) == (
        "failed",
        "test-edited: its plug-in changed while the study ran; start it again",
    )


KEY = "a-key-that-nobody-is-to-see"


def test_a_key_in_an_error_is_neither_kept_nor_shown(carried_out, monkeypatch):
    def broken(self):
        logging.getLogger("bench.tracking").warning("refused: %s", KEY)
        raise RuntimeError(f"refused: {KEY}")

    monkeypatch.setenv("HF_TOKEN", KEY)
    monkeypatch.setattr(PolygonTrainer, "run", broken)
    _, record, events = carried_out("l2")
    assert record.reason == events[-1].reason == "RuntimeError: refused: <HF_TOKEN>"
    assert [event.text for event in events if isinstance(event, Warned)] == ["refused: <HF_TOKEN>"]
