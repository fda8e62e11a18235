"""What a run is told by: all that tells it from others, and a group that holds its seeds alone."""

from __future__ import annotations

import json

import pytest

from bench.tracking import RunInfo

from ..report.samples import record

PLAIN = dict(label="l2", seed=0)
CHANGES = {
    "seed": {"seed": 1},
    "data": {"data": "parcels"},
    "replicate": {"replicate": 1},
    "drawn": {"drawn": {"order": [1, 0]}},
    "source": {"source": "f00d"},
    "model_digest": {"model_digest": "f00d"},
    "epochs": {"epochs": 50},
    "parameters": {"parameters": {"alpha": 0.5}},
    "form": {"form": "paper"},
}


def info(**changes):
    return RunInfo.of(record(**PLAIN | changes))


def leaves(value):
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    return [json.dumps(value)]


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_is_part_of_a_run_is_in_its_config(what):
    one, other = info(), info(**CHANGES[what])
    assert set(leaves(dict(other.identity))) <= set(leaves(other.config))
    assert {**one.config, "run_id": ""} != {**other.config, "run_id": ""}
    json.dumps(other.config)


@pytest.mark.parametrize(("what", "apart"), [("data", True), ("replicate", True), ("form", True), ("seed", False)])
def test_a_group_holds_the_seeds_of_one_thing(what, apart):
    one, other = info(), info(**CHANGES[what])
    assert (one.group != other.group) == apart
    assert one.name != other.name


def test_a_group_does_not_depend_on_what_else_a_study_has():
    assert info().group == "l2-documents"
    assert info(replicate=1, data="parcels", label="cosine", form="paper").name == "cosine-paper-aa1-parcels-s0"
