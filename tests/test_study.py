"""Runs, their identity, and which of them make a study."""

from __future__ import annotations

import dataclasses
import json

import pytest

import datasets
import strategies
from bench.errors import UserError
from bench.settings import DEFAULTS
from bench.study import Run, arms_of, check_vertices, plan


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


@pytest.mark.parametrize("wrong", [2, 17, 4.0, True, "4", None])
def test_what_is_no_number_of_vertices_is_refused_in_the_users_words(wrong):
    with pytest.raises(UserError, match=f"^vertices={wrong}: a polygon here has 3 to 16 vertices$"):
        check_vertices(wrong, f"vertices={wrong}")


def test_vertices_come_from_the_data_unless_given(data):
    assert planned(data, ["l2"])[0].data["vertices"] == 4
    assert planned(data, ["l2"], vertices=7)[0].data["vertices"] == 7
    for wrong in (1, 2, 17):
        with pytest.raises(UserError, match="3 to 16"):
            planned(data, ["l2"], vertices=wrong)


def test_nothing_to_run_is_an_error(data):
    with pytest.raises(UserError, match="--all or --strategy"):
        planned(data, [])


IDS = {
    "l2": "a108dffb60fd",
    "mgiou": "15b9fd1e7043",
    "mgiou-centred": "e82a3644fbfa",
    "static": "1a7b9bf7cfaa",
    "linear": "6647a249d2fb",
    "cosine": "a33b64a44d1b",
    "step": "bbe6ef4907c3",
    "exponential": "efad7745e6b7",
    "two-stage-50": "701ba207d320",
    "two-stage-70": "f347cdb1e741",
    "two-stage-90": "ad4094a21e79",
    "two-stage-70-restart": "2721686d22c8",
    "adaptive": "519ad1c39384",
    "rescue": "9b32f8d72369",
    "control-average": "6b6326081628",
    "control-shuffle": "31d5f922b2c0",
    "control-replay": "194c9d64ed51",
    "hybrid": "92e19e40bff6",
}
"""As they were when the first long study began: its records are to stay what they are."""


def test_the_ids_of_built_in_strategies_stay_what_they_are():
    described, few = (
        {"name": "documents", "fingerprint": "f" * 64, "vertices": 4},
        {"epochs": 100, "imgsz": 96, "batch": 16},
    )

    def id_of(one, form, seed=0, replicate=0):
        return Run(one, form, described, seed, "yolo11n-polygon.yaml", few, replicate).id

    built = {name: strategies.build(name) for name in IDS}
    assert {name: id_of(one, one.forms[0] if one.forms else None) for name, one in built.items()} == IDS
    assert id_of(strategies.parse("rescue[by=two-stage-70]")[0], "centred", 1, 1) == "b65862f34a0d"


def test_a_model_of_the_users_own_is_part_of_what_a_run_is(data):
    (named,) = planned(data, ["l2"], model="mine.yaml", model_digest=None)
    (one,) = planned(data, ["l2"], model="mine.yaml", model_digest="aaaaaaaaaaaa")
    (other,) = planned(data, ["l2"], model="mine.yaml", model_digest="bbbbbbbbbbbb")
    assert "model_digest" not in named.identity
    assert len({named.id, one.id, other.id}) == 3
