"""Telling of a run from its record: the same as was told while it ran, once, and in the place of what is broken."""

from __future__ import annotations

import dataclasses

import pytest
import wandb

import datasets
from bench.records import RunFolder
from bench.tracking import RunInfo, open_trackers
from bench.tracking.accounts import Account, digest_of, note
from bench.tracking.from_record import lacking, tell_from_record
from bench.tracking.wandb_files import is_closed

from ..report.samples import record
from .following import config, follow, history, read_back, rows, summary
from .test_pictures import guesses
from .test_tensorboard import written


@pytest.fixture(scope="module")
def data(small_folder):
    return datasets.load(str(small_folder))


def over(folder, epochs=3, samples=None, **changes):
    """Leave a run that is over in a study's folder, and return its record."""
    one = record("static[alpha=0.5]", **{"seed": 3, "ap": 0.25, "form": "paper"} | changes)
    files = RunFolder(folder / one.id)
    files.write(one)
    if epochs:
        files.write_history(rows(epochs))
    if samples is not None:
        files.write_samples({epochs: samples})
    return one


def retell(folder, one, data=None, mode="offline", tensorboard=True):
    """Tell whoever lacks an account; return who did: W&B's mode, and whether TensorBoard."""
    asked = lacking(config(folder, mode, tensorboard), one)
    if asked.wandb != "off" or asked.tensorboard:
        tell_from_record(asked, one, lambda: data)
    return asked.wandb, asked.tensorboard


def the_file(folder):
    wandb.teardown()  # an offline run's end does not wait for the file
    (path,) = (folder / "wandb").glob("*/run-*.wandb")
    return path


def test_it_is_what_was_told_while_the_run_ran(tmp_path, data):
    live, later = tmp_path / "live", tmp_path / "later"
    samples = guesses(data)
    one = over(live, samples=samples)
    over(later, samples=samples)
    tracker = open_trackers(config(live, "offline", tensorboard=True), RunInfo.of(one), data=lambda: data)
    for row in rows(3):
        tracker.log_epoch(row)
    tracker.log_samples(3, samples)
    tracker.finish(one)
    retell(later, one, data)

    (first,), (second,) = read_back(live).values(), read_back(later).values()
    assert history(first) == history(second)
    for run in (first, second):
        assert summary(run)["final/mAP50_95"] == 0.25
        assert [artifact["name"] for artifact in run["artifact"]] == [f"record-{one.id}-main"]
    assert first["run"][0]["config"]["update"].items() >= {"run_id": one.id, "seed": 3}.items()
    a, b = written(live), written(later)
    assert a.Tags() == b.Tags()
    assert len(b.Images("predictions")) == 1
    for name in a.Tags()["scalars"]:
        assert [(one.step, one.value) for one in a.Scalars(name)] == [(one.step, one.value) for one in b.Scalars(name)]


def test_it_is_told_once(tmp_path):
    one = over(tmp_path)
    assert retell(tmp_path, one) == ("offline", True)
    the_file(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert retell(tmp_path, one) == ("off", False)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_was_told_while_it_ran_is_not_told_again(tmp_path):
    one = over(tmp_path)
    tracker = open_trackers(config(tmp_path, "offline", tensorboard=True), RunInfo.of(one))
    for row in rows(3):
        tracker.log_epoch(row)
    tracker.finish(one)
    the_file(tmp_path)
    assert retell(tmp_path, one) == ("off", False)


@pytest.mark.parametrize("left", [0, 7, 100, -1])
def test_a_broken_file_is_set_aside_and_written_anew(tmp_path, left):
    one = over(tmp_path)
    retell(tmp_path, one, tensorboard=False)
    path = the_file(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    assert retell(tmp_path, one) == ("offline", True)
    assert is_closed(the_file(tmp_path))
    assert [row["epoch"] for row in history(read_back(tmp_path)[one.id])] == [1, 2, 3]


def test_every_beginning_of_a_file_is_known_to_be_one(tmp_path):
    one = over(tmp_path)
    retell(tmp_path, one, tensorboard=False)
    path = the_file(tmp_path)
    whole, cut = path.read_bytes(), tmp_path / "cut.wandb"
    assert is_closed(path)
    for length in range(0, len(whole), 97):
        cut.write_bytes(whole[:length])
        assert not is_closed(cut), length


def test_a_long_file_is_known_to_be_whole(tmp_path):
    """Its records run over the borders of blocks."""
    one = over(tmp_path, epochs=200)
    retell(tmp_path, one, tensorboard=False)
    path = the_file(tmp_path)
    assert path.stat().st_size > 2 * 32768
    assert is_closed(path)


def test_a_run_that_failed_after_its_last_word_says_so(tmp_path):
    """As where its worker died twice: the parent writes the record, and nobody tells the trackers."""
    one = over(tmp_path, status="interrupted", reason="told to stop")
    follow(open_trackers(config(tmp_path, "offline"), RunInfo.of(one)), status="interrupted", reason="told to stop")
    assert retell(tmp_path, one) == ("off", False)  # it is not over
    failed = dataclasses.replace(one, status="failed", reason="its worker process was ended, twice", metrics={})
    assert retell(tmp_path, failed) == ("offline", True)
    run = read_back(tmp_path)[one.id]
    assert (summary(run)["status"], summary(run)["reason"]) == ("failed", "its worker process was ended, twice")
    assert [end["exit_code"] for end in run["exit"]] == [1]


def test_a_run_that_ended_before_its_first_epoch_is_told_of(tmp_path):
    one = over(tmp_path, epochs=0, status="failed", reason="boom")
    retell(tmp_path, one)
    assert summary(read_back(tmp_path)[one.id])["reason"] == "boom"


def test_event_files_that_are_gone_are_written_anew(tmp_path):
    one = over(tmp_path)
    retell(tmp_path, one, mode="off")
    for path in (tmp_path / "tensorboard").glob("*/*"):
        path.unlink()
    assert retell(tmp_path, one, mode="off") == ("off", True)
    assert [event.step for event in written(tmp_path).Scalars("weights/alpha")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("place", "wanted", "asked"),
    [
        ("online", "online", "off"),
        ("online", "offline", "off"),
        ("", "online", "online"),
        ("wandb/offline-run-1/run-1.wandb", "online", "online"),
        ("", "disabled", "off"),
        ("", "off", "off"),
    ],
)
def test_who_is_asked_where(tmp_path, place, wanted, asked):
    one = over(tmp_path)
    note(tmp_path / one.id, "W&B", Account(place, digest_of(one)))
    assert lacking(config(tmp_path, wanted), one).wandb == asked


def test_what_was_synced_by_hand_is_not_told_to_the_server_again(tmp_path):
    one = over(tmp_path)
    retell(tmp_path, one)
    path = the_file(tmp_path)
    assert lacking(config(tmp_path, "online"), one).wandb == "online"
    path.with_name(f"{path.name}.synced").touch()
    assert lacking(config(tmp_path, "online"), one).wandb == "off"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"W&B": 1}', '{"W&B": {"place": "online"}}', "\xff"])
def test_a_spoilt_note_is_none(tmp_path, content):
    one = over(tmp_path)
    (tmp_path / one.id / "told.json").write_text(content)
    assert lacking(config(tmp_path, "online", tensorboard=True), one) == config(tmp_path, "online", tensorboard=True)
