"""One run from task to record, in this process."""

from __future__ import annotations

import dataclasses
import logging

import pytest
import torch

import strategies
from bench.execution.events import EpochDone, RunEnded, RunStarted, Warned
from bench.execution.task import Work
from bench.execution.worker import carry_out
from bench.records import RunFolder
from bench.tracking import open_trackers


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
    assert record.timing["train_s"] > 0
    assert record.timing["total_s"] >= record.timing["train_s"] + record.timing["eval_s"]


def test_a_tracker_that_fails_is_told_to_the_parent_and_costs_nothing_else(carried_out, monkeypatch):
    def broken(config, run, told, data):
        logging.getLogger("bench.tracking").warning("W&B is off for this run: OSError: no network")
        return open_trackers(config, run, told, data)

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
    events = []
    over = carry_out(Work((tasks[0],), 2), events.append)
    assert not over.goes_on
    record = RunFolder(tasks[0].folder).read()
    assert record.status == events[-1].status == "failed"
    assert record.reason == events[-1].reason == "RuntimeError: No CUDA GPUs are available"
    assert "in lost" in (tasks[0].folder / "error.log").read_text()
