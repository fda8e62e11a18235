"""Snapshots on disk: read as data, whole or not at all."""

from __future__ import annotations

import json
import os
import pickle

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.execution.resume import (
    NAME,
    Progress,
    UnreadableSnapshot,
    read_progress,
    remove_progress,
    start_of,
    write_progress,
)
from bench.sharing import Start
from bench.weights import to_bytes

IDENTITY = {"seed": 1, "settings": {"epochs": 4}}
PROGRESS = Progress(
    rows=[{"epoch": 1, "loss": 2.5}],
    metrics={"stage1_mAP50_95": 0.25},
    seconds={"total_s": 3.0},
    shared={"0123456789ab": 1},
    trainer={"epoch": 0, "model": {"w": torch.arange(4.0)}},
)


def test_what_is_written_is_read_and_nothing_is_nothing(tmp_path):
    assert read_progress(tmp_path, IDENTITY) == Progress()
    assert start_of(tmp_path, IDENTITY) == Start()
    write_progress(tmp_path, IDENTITY, PROGRESS)
    found = read_progress(tmp_path, IDENTITY)
    assert torch.equal(found.trainer["model"].pop("w"), torch.arange(4.0))
    assert found.rows == PROGRESS.rows
    assert found.shared == PROGRESS.shared
    assert start_of(tmp_path, IDENTITY) == Start(1, {"0123456789ab": 1})
    remove_progress(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_of_an_earlier_version_is_gone_on_from(tmp_path):
    """It also says how much trackers had been told."""
    earlier = {"identity": json.dumps(IDENTITY, sort_keys=True), **vars(PROGRESS), "told": 1}
    (tmp_path / NAME).write_bytes(to_bytes(earlier))
    assert read_progress(tmp_path, IDENTITY).rows == PROGRESS.rows
    assert start_of(tmp_path, IDENTITY) == Start(1, {"0123456789ab": 1})


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def of_another_run(path):
    write_progress(path.parent, {"seed": 2}, PROGRESS)


def of_another_version(path):
    torch.save({"identity": "", "epoch": 3}, path)


class Malice:
    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def hostile(path):
    torch.save({"identity": Malice(path.parent / "hacked")}, path)


def hostile_plain(path):
    path.write_bytes(pickle.dumps(Malice(path.parent / "hacked")))


@pytest.mark.parametrize("spoil", [cut, of_another_run, of_another_version, hostile, hostile_plain])
def test_a_spoilt_one_is_named_set_aside_and_never_run(tmp_path, spoil):
    write_progress(tmp_path, IDENTITY, PROGRESS)
    spoil(tmp_path / NAME)
    assert start_of(tmp_path, IDENTITY) == Start()
    assert (tmp_path / NAME).exists()  # looking changes nothing
    with pytest.raises(UnreadableSnapshot, match=r"set aside as snapshot\.unreadable, the run starts again"):
        read_progress(tmp_path, IDENTITY)
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot.unreadable"]
    assert read_progress(tmp_path, IDENTITY) == Progress()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(place=st.floats(0, 1), damage=st.binary(min_size=1, max_size=8))
def test_any_damage_is_that_one_error_or_no_harm(tmp_path, place, damage):
    write_progress(tmp_path, IDENTITY, PROGRESS)
    path = tmp_path / NAME
    content = bytearray(path.read_bytes())
    at = int(place * len(content))
    content[at : at + len(damage)] = damage
    path.write_bytes(content)
    try:
        found = read_progress(tmp_path, IDENTITY)
        assert found.rows == PROGRESS.rows
        assert torch.equal(found.trainer["model"]["w"], torch.arange(4.0))
    except UnreadableSnapshot:
        assert not path.exists()
