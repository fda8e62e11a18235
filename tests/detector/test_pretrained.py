"""Weights to start from: taken from a run or a checkpoint, and never a way to run code."""

from __future__ import annotations

import dataclasses
import os
import pickle

import pytest
import torch

from bench.detector.model import PolygonModel, model_config
from bench.detector.pretrained import pretrained_weights, transferred
from bench.detector.trainer import PolygonTrainer
from bench.errors import UserError
from tests.models import USUAL


@pytest.fixture
def model():
    torch.manual_seed(7)
    return PolygonModel(model_config("yolo11n-polygon.yaml", 4), ch=3, nc=1, verbose=False)


@pytest.mark.parametrize("kind", ["run", "checkpoint"])
def test_a_training_starts_from_them(job, tmp_path, model, kind):
    from ultralytics.nn.tasks import PoseModel

    path = tmp_path / "weights.pt"
    if kind == "run":
        torch.save({"identity": {}, "state_dict": model.state_dict()}, path)
        wanted = model.state_dict()
    else:
        torch.manual_seed(7)
        other = PoseModel("yolo11n-pose.yaml", verbose=False)  # 17 keypoints: its head's last layers do not fit
        torch.save({"epoch": 1, "model": other, "train_args": {}}, path)
        wanted = other.state_dict()
    trainer = PolygonTrainer(job("l2", model=USUAL, pretrained=str(path)), tmp_path / "run", lambda rows: None)
    trainer.setup_model()
    found = trainer.model.state_dict()
    fitting = [key for key, value in found.items() if key in wanted and wanted[key].shape == value.shape]
    assert len(fitting) > 0.9 * len(found)
    assert all(torch.equal(found[key], wanted[key]) for key in fitting)


@pytest.mark.parametrize("remap", [True, False])
def test_classes_are_found_again_by_name_where_they_are_in_another_order(job, tmp_path, small, remap):
    torch.manual_seed(7)
    model = PolygonModel(model_config("yolo11n-polygon.yaml", 4), ch=3, nc=2, verbose=False)
    model.names = {0: "sheet", 1: "card"}
    torch.save({"epoch": 1, "model": model, "train_args": {}}, tmp_path / "weights.pt")
    data = dataclasses.replace(small, categories=("card", "sheet"), category_ids=(1, 2))
    wanted = job("l2", model=USUAL, data=data, pretrained=str(tmp_path / "weights.pt"), cls_remap=remap)
    trainer = PolygonTrainer(wanted, tmp_path / "run", lambda rows: None)
    trainer.setup_model()
    before, after = (one.model[-1].cv3[0][-1].weight for one in (model, trainer.model))
    assert torch.equal(after, before.flip(0) if remap else before)
    assert not torch.equal(before, before.flip(0))


class Malice:
    """What a hostile file would be: unpickling it runs a command."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("write", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
@pytest.mark.parametrize("wrap", [lambda malice: malice, lambda malice: {"model": malice}])
def test_a_hostile_file_is_refused_and_runs_nothing(tmp_path, write, wrap):
    path = tmp_path / "hostile.pt"
    write(wrap(Malice(tmp_path / "hacked")), path)
    with pytest.raises(UserError, match="no weights that can be loaded safely"):
        pretrained_weights(str(path))
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize("content", [None, b"", b"no weights", b"PK\x03\x04"])
def test_anything_else_is_one_clear_line(tmp_path, content):
    path = tmp_path / "weights.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"^pretrained=.*: no "):
        pretrained_weights(str(path))


def test_what_is_taken_over_is_counted_and_nothing_at_all_is_refused(tmp_path):
    network = PolygonModel(model_config("yolo11n-polygon.yaml", 4), ch=3, nc=1, verbose=False)
    path = tmp_path / "weights.pt"
    torch.save({"state_dict": network.state_dict()}, path)
    count = len(network.state_dict())
    told = transferred(str(path), "yolo11n-polygon.yaml", 4, ["document"])
    assert told == f"pretrained: {count} of {count} tensors of yolo11n-polygon.yaml are taken from {path}"
    told = transferred(str(path), "yolo11n-polygon.yaml", 6, ["document", "page"])
    assert f"of {count} tensors" in told
    assert told.endswith("; the rest starts from scratch")
    torch.save({"state_dict": {"fc.weight": torch.zeros(3)}}, path)
    with pytest.raises(UserError, match=r"none of its tensors is one of yolo11n-polygon\.yaml's"):
        transferred(str(path), "yolo11n-polygon.yaml", 4, ["document"])
