"""Runs, their identity, and which of them make a study."""

from __future__ import annotations

import dataclasses
import json

import pytest

import datasets
import strategies
from bench.errors import UserError
from bench.settings import DEFAULTS
from bench.study import Run, arms_of, plan


@pytest.fixture(scope="module")
def data():
    return datasets.load("documents")


def planned(data, texts, forms=("paper",), seeds=(0,), **changes):
    chosen = [one for text in texts for one in strategies.parse(text)]
    options = {"data": data, "vertices": None, "model": "yolo11n-polygon.yaml", "settings": DEFAULTS, **changes}
    return plan(arms_of(chosen, forms), seeds=seeds, **options)


def test_all_strategies_of_a_seed_come_before_the_next_seed(data):
    runs = planned(data, ["l2", "cosine"], seeds=(0, 1))
    assert [(run.label, run.seed) for run in runs] == [("l2", 0), ("cosine", 0), ("l2", 1), ("cosine", 1)]


def test_the_form_multiplies_mixes_and_leaves_baselines_alone(data):
    runs = planned(data, ["l2", "mgiou", "mgiou-centred", "cosine"], forms=("paper", "centred"))
    assert [(run.label, run.form) for run in runs] == [
        ("l2", None),
        ("mgiou", "paper"),
        ("mgiou-centred", "centred"),
        ("cosine", "paper"),
        ("cosine", "centred"),
    ]
    only_centred = planned(data, ["mgiou", "cosine"], forms=("centred",))
    assert [run.form for run in only_centred] == ["paper", "centred"]


def test_the_same_run_asked_for_twice_is_one(data):
    assert len(planned(data, ["static", "static[alpha=0.8]", "static[alpha=[0.8,0.9]]"])) == 2


def test_the_identity_is_plain_json_and_the_id_its_hash(data):
    (run,) = planned(data, ["static[alpha=0.5]"])
    again = json.loads(json.dumps(run.identity))
    assert again == run.identity
    rebuilt = Run(
        strategies.build(again["strategy"]["name"], again["strategy"]["parameters"]),
        again["form"],
        again["data"],
        again["seed"],
        again["model"],
        again["settings"],
    )
    assert rebuilt.id == run.id
    assert len(run.id) == 12


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"form": "centred"},
        {"model": "yolov8n-polygon.yaml"},
        {"settings": {**DEFAULTS, "lr0": 0.1}},
        {"data": {"name": "documents", "fingerprint": "other", "vertices": 4}},
        {"strategy": strategies.build("static", {"alpha": 0.4})},
    ],
)
def test_whatever_changes_the_result_changes_the_id(data, change):
    (run,) = planned(data, ["static[alpha=0.5]"])
    assert dataclasses.replace(run, **change).id != run.id


def test_the_order_of_settings_does_not_change_the_id(data):
    (run,) = planned(data, ["l2"])
    assert dataclasses.replace(run, settings=dict(reversed(DEFAULTS.items()))).id == run.id


def test_vertices_come_from_the_data_unless_given(data):
    assert planned(data, ["l2"])[0].data["vertices"] == 4
    assert planned(data, ["l2"], vertices=7)[0].data["vertices"] == 7
    for wrong in (1, 2, 17):
        with pytest.raises(UserError, match="3 to 16"):
            planned(data, ["l2"], vertices=wrong)


def test_nothing_to_run_is_an_error(data):
    with pytest.raises(UserError, match="--all or --strategy"):
        planned(data, [])
