"""Records: what is written can be read, and whatever else is read is named."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bench.files import write_atomic
from bench.records import STATUSES, RecordError, RunFolder, RunRecord, load_study
from bench.report import FORMATS, build, render
from bench.run_table import run_table
from bench.status import StudyFolder, total

from .report.samples import record


def test_a_record_survives_writing_and_reading(tmp_path):
    one = record("static[alpha=0.5]", seed=2, ap=0.5)
    folder = RunFolder(tmp_path / "run")
    folder.write(one)
    assert folder.read() == one
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


def test_what_is_not_finite_is_null_and_comes_back_as_nan(tmp_path):
    one = record("l2", ap=math.nan)
    assert json.loads(one.to_json())["metrics"]["mAP50_95"] is None
    assert math.isnan(RunRecord.from_json(one.to_json()).metrics["mAP50_95"])


def test_what_is_not_there_is_not_there(tmp_path):
    folder = RunFolder(tmp_path / "run")
    for read in (folder.read, folder.read_history, folder.read_predictions, folder.read_samples):
        with pytest.raises(FileNotFoundError):
            read()
    assert load_study(tmp_path / "nowhere") == []


def without(key):
    return lambda raw: {k: v for k, v in raw.items() if k != key}


def changed(**values):
    return lambda raw: {**raw, **values}


def with_epochs(value):
    def change(raw):
        identity = raw["identity"]
        return {**raw, "identity": {**identity, "settings": {**identity["settings"], "epochs": value}}}

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: [raw], "no run record"),
        (without("status"), "status is missing"),
        (without("schema"), "schema None"),
        (changed(schema=99), "schema 99"),
        (changed(schema=True), "schema True"),
        (changed(status="finished"), "status is 'finished', not one of planned, "),
        (changed(status="s\n" * 999), "status is "),
        (changed(id=3), "id is of the wrong type"),
        (changed(id="a\0b"), "not 12 hexadecimal digits"),
        (changed(id="../../x"), "not 12 hexadecimal digits"),
        (changed(metrics={"final_epoch": None}), r"metrics\.final_epoch is no whole number"),
        (changed(metrics={"final_epoch": 1.5}), r"metrics\.final_epoch is no whole number"),
        (with_epochs("100"), r"identity\.settings\.epochs is no whole number"),
        (with_epochs([100]), r"identity\.settings\.epochs is no whole number"),
        (with_epochs(None), r"identity\.settings\.epochs is no whole number"),
        (with_epochs(True), r"identity\.settings\.epochs is no whole number"),
        (with_epochs(-1), r"identity\.settings\.epochs is no whole number"),
        (changed(metrics={"mAP50": "high"}), "metrics.mAP50 is no number"),
        (changed(metrics={"mAP50": True}), "metrics.mAP50 is no number"),
        (changed(metrics={"mAP50": 10**400}), "metrics.mAP50 is no number"),
        (changed(metrics={"mAP50": math.inf}), "not valid JSON"),
        (changed(label="\ud800"), "not valid JSON"),
        (changed(images={"val": -1}), r"images\.val is no number"),
        (changed(images=[96, 64]), "images is of the wrong type"),
        (changed(identity=[]), "identity is of the wrong type"),
        (changed(identity={"strategy": {}}), r"identity\.strategy\.name is missing"),
        (changed(timing={"train_s": "long"}), r"timing\.train_s is of the wrong type"),
        (changed(provenance={"versions": 3}), r"provenance\.versions is of the wrong type"),
        (changed(provenance={"hardware": {"cores": True}}), r"provenance\.hardware\.cores is of the wrong type"),
    ],
)
def test_a_wrong_record_is_named(tmp_path, change, message):
    path = tmp_path / "abc" / "run.json"
    write_atomic(path, json.dumps(change(json.loads(record("l2").to_json()))))
    with pytest.raises(RecordError, match=message) as caught:
        load_study(tmp_path)
    told = str(caught.value)
    assert told.startswith(f"{path}: ")
    assert told.endswith("; set it aside or run again with --fresh")
    assert "\n" not in told
    assert len(told) < 200 + len(str(path))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_the_one_error(content):
    with pytest.raises(RecordError):
        RunRecord.from_json(content)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def paths(value, prefix=()):
    """Every place in a record that a value can stand in."""
    for key, inner in value.items():
        yield (*prefix, key)
        if isinstance(inner, dict):
            yield from paths(inner, (*prefix, key))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(list(paths(json.loads(record("l2").to_json())))), values)
def test_any_value_in_any_place_gives_a_record_that_can_be_written_shown_and_reported_or_the_one_error(path, value):
    raw = json.loads(record("l2").to_json())
    place = raw
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    try:
        read = RunRecord.from_json(json.dumps(raw))
    except RecordError:
        return
    assert read.status in STATUSES
    again = RunRecord.from_json(read.to_json())
    assert again.to_json() == read.to_json()
    for form in FORMATS:
        render(build([read]), form).encode()
    for one in (read, dataclasses.replace(read, status="running")):
        with tempfile.TemporaryDirectory() as folder:
            RunFolder(Path(folder) / "run").write(one)
            rows = StudyFolder(Path(folder)).standings()
            Console(file=io.StringIO(), width=80).print(run_table(rows, 80, 9))
            assert total(rows)


@settings(deadline=None)
@given(st.text(), st.dictionaries(st.text(max_size=8), st.floats() | st.integers(-(2**60), 2**60), max_size=5))
def test_whatever_is_written_can_be_read(reason, metrics):
    """Half surrogate pairs are in any text that Python makes of an undecodable file name."""
    for text in (reason, reason + "\udc80"):
        one = dataclasses.replace(record("l2"), reason=text, metrics=metrics)
        content = one.to_json().encode()
        assert RunRecord.from_json(content).to_json().encode() == content


def test_numbers_of_numpy_are_numbers():
    one = dataclasses.replace(record("l2"), metrics={"mAP50": np.float32(0.5), "final_epoch": np.int64(7)})
    assert RunRecord.from_json(one.to_json()).metrics == {"mAP50": 0.5, "final_epoch": 7}


def test_a_study_is_read_in_a_stable_order_and_ignores_what_is_no_run(tmp_path):
    for seed, label in ((1, "l2"), (0, "l2"), (0, "cosine")):
        one = record(label, seed=seed)
        RunFolder(tmp_path / one.id).write(one)
    (tmp_path / "wandb").mkdir()
    assert [(r.label, r.seed) for r in load_study(tmp_path)] == [("cosine", 0), ("l2", 0), ("l2", 1)]


def test_a_run_recorded_twice_is_refused(tmp_path):
    for name in ("a", "b"):
        RunFolder(tmp_path / name).write(record("l2"))
    with pytest.raises(RecordError, match=r"b.run\.json: the same run as .*a.run\.json; set one of them aside"):
        load_study(tmp_path)


def test_a_record_that_is_no_file_is_named(tmp_path):
    (tmp_path / "abc" / "run.json").mkdir(parents=True)
    with pytest.raises(RecordError, match=r"run\.json: cannot be read: "):
        load_study(tmp_path)


def test_a_record_from_before_images_were_counted_is_read_and_says_none():
    raw = json.loads(record("l2").to_json())
    del raw["images"]
    assert RunRecord.from_json(json.dumps(raw)).images == {}
    counted = dataclasses.replace(record("l2"), images={"train": 96, "val": 64})
    assert RunRecord.from_json(counted.to_json()).images == {"train": 96, "val": 64}
