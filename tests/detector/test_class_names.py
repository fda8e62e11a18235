"""Classes are matched with categories by name."""

from __future__ import annotations

import json
from itertools import permutations

import pytest
import torch

import datasets
from bench.detector.checkpoint import load_detector
from bench.detector.class_names import category_ids_of
from bench.detector.inference import detect
from bench.errors import UserError
from tests.commands import bench, refused
from tests.datasets.formats.samples import coco, native, tree
from tests.devices import DEVICE

NAMES = ("tile", "gable", "spire")


@pytest.fixture
def of(tmp_path):
    """Return a maker of data sets whose categories have these names, in this order."""

    def make(*names):
        files = native()
        for split, image in (("train", "a.png"), ("val", "b.png")):
            named = [{"id": 10 * number, "name": name} for number, name in enumerate(names, 1)]
            raw = coco(image)
            for entry in raw["annotations"]:
                entry["category_id"] = 10
            files[f"{split}.json"] = {**raw, "categories": named}
        return datasets.load(tree(tmp_path / "-".join(("data", *names)), files))

    return make


@pytest.mark.parametrize("order", list(permutations(NAMES)))
def test_a_detection_keeps_its_name_whatever_the_order(detector, of, order):
    model, data = load_detector(detector(NAMES)), of(*order)
    by_id = dict(zip(data.category_ids, data.categories, strict=True))
    assert [by_id[number] for number in category_ids_of(model, data)] == list(NAMES)
    assert {by_id[one["category_id"]] for one in detect(model, data, imgsz=32, conf=0.5)} == {"spire"}


def test_val_says_so(detector, of):
    said = bench("val", detector(NAMES[:2]), "--data", of("gable", "tile").root, "--json", "--device", DEVICE)
    assert said.code == 0
    assert "matched by name" in said.err
    assert "mAP50_95" in json.loads(said.out)
    said = bench("val", detector(NAMES[:2]), "--data", of("tile", "gable").root, "--device", DEVICE)
    assert "matched by name" not in said.err


@pytest.mark.parametrize("names", [("tile", "gables"), ("tile",), ("tile", "gable", "x")])
def test_other_names_are_refused_in_one_line_with_both_lists(detector, of, names):
    line = refused("val", detector(NAMES[:2]), "--data", of(*names).root, "--device", DEVICE)
    assert "knows ['tile', 'gable']" in line
    assert f"has [{', '.join(map(repr, names))}]" in line


def test_a_name_that_is_there_twice_leaves_it_open_which_is_which(detector, of):
    model = load_detector(detector(("a", "b", "a")))
    assert category_ids_of(model, of("a", "b", "a")) == (10, 20, 30)
    with pytest.raises(UserError, match="two categories have one name"):
        category_ids_of(model, of("a", "a", "b"))


def test_the_weights_of_a_run_know_no_names_and_go_by_place(tmp_path, detector, of):
    state = load_detector(detector(NAMES)).state_dict()
    identity = {"model": "yolo11n-polygon.yaml", "data": {"name": "roofs", "vertices": 4}, "settings": {"imgsz": 32}}
    torch.save({"identity": identity, "state_dict": state}, tmp_path / "weights.pt")
    model = load_detector(tmp_path / "weights.pt")
    assert category_ids_of(model, of("spire", "tile", "gable")) == (10, 20, 30)
    assert model.args["data"] == identity["data"]["name"]  # Ultralytics' exporter asks for it
    said = bench("val", tmp_path / "weights.pt", "--data", of("spire", "tile", "gable").root, "--device", DEVICE)
    assert said.code == 0, said
    with pytest.raises(UserError, match=r"knows 3 categories, .* has 2"):
        category_ids_of(model, of("tile", "gable"))
