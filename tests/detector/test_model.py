"""Names of models, and the loss and coordinates between network and image."""

from __future__ import annotations

import pytest
import torch
from ultralytics.utils.loss import v8PoseLoss

from bench.detector.inference import detect, image_size
from bench.detector.loss import PolygonLoss
from bench.detector.mixer import Mixer
from bench.detector.model import PolygonModel, model_config, model_digest
from bench.detector.predict import _to_image
from bench.detector.step import TrainingStep
from bench.errors import UserError
from bench.losses import l2_loss
from strategies import build
from tests.models import DEEP, SMALL


@pytest.mark.parametrize("name", ["yolo11n-polygon.yaml", "yolo11x-polygon", "yolov8s-polygon.yaml"])
def test_a_name_resolves_to_the_installed_pose_model(name):
    config = model_config(name, 6)
    assert config["kpt_shape"] == [6, 2]
    assert config["scale"] == name.split("-")[0][-1]


@pytest.mark.parametrize("scale", "nsmlx")
def test_every_scale_is_its_own(scale):
    assert model_config(f"yolo11{scale}-polygon.yaml", 4)["scales"][scale]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("yolo11n", "neither"),
        ("yolo11q-polygon.yaml", "neither"),
        ("yolo99n-polygon.yaml", "has no yolo99-pose.yaml"),
        ("yolo26n-polygon.yaml", "not Pose"),
        ("nothing.yaml", "neither"),
    ],
)
def test_a_wrong_name_is_one_clear_line(name, message):
    with pytest.raises(UserError, match=message):
        model_config(name, 4)


def test_the_polygon_term_is_the_l2_loss_at_the_matched_anchors():
    """On the same outputs and targets, everything but the pose term equals Ultralytics' own loss."""
    from ultralytics.cfg import get_cfg

    torch.manual_seed(0)
    model = PolygonModel(model_config("yolo11n-polygon.yaml", 4), nc=2, verbose=False)
    model.args = get_cfg(overrides={"pose": 12.0})
    seen = {}

    class Spy(Mixer):
        def __call__(self, pred, target, visible, area):
            seen.update(pred=pred.detach(), target=target, visible=visible, area=area)
            return super().__call__(pred, target, visible, area)

    points = torch.tensor(
        [[[0.2, 0.2], [0.7, 0.25], [0.8, 0.7], [0.25, 0.6]], [[0.5, 0.1], [0.9, 0.1], [0.9, 0.4], [0.5, 0.4]]]
    )
    low, high = points.amin(1), points.amax(1)
    batch = {
        "img": torch.rand(2, 3, 64, 64),
        "batch_idx": torch.tensor([0.0, 1.0]),
        "cls": torch.tensor([[0.0], [1.0]]),
        "bboxes": torch.cat(((low + high) / 2, high - low), 1),
        "keypoints": torch.cat((points, torch.ones(2, 4, 1)), 2),
    }
    model.train()
    output = model(batch["img"])
    ours, items = PolygonLoss(model, Spy(build("l2"), None, 10))(output, batch)
    theirs, their_items = v8PoseLoss(model)(output, batch)
    assert torch.equal(ours[[0, 2, 3, 4]], theirs[[0, 2, 3, 4]])
    assert items.keys() == their_items.keys()
    expected = 12.0 * l2_loss(seen["pred"], seen["target"], seen["visible"], seen["area"]).mean()
    assert float(items["pose_loss"]) == pytest.approx(float(expected), rel=1e-5)
    sizes = (seen["target"].amax(1) - seen["target"].amin(1)).prod(1)
    torch.testing.assert_close(sizes, seen["area"])


def test_the_letterbox_is_undone_without_clipping():
    detections = torch.tensor([[10.0, 20.0, 30.0, 40.0, 0.9, 0.0, -5.0, 20.0, 30.0, 20.0, 30.0, 300.0]])
    boxes, rings = _to_image(detections, ((0.5, 0.25), (4.0, 12.0)))
    assert boxes.tolist() == [[24.0, 16.0, 104.0, 56.0]]
    assert rings.tolist() == [[[-36.0, 16.0], [104.0, 16.0], [104.0, 576.0]]]


@pytest.fixture
def own(tmp_path):
    """Return the path of a pose YAML without a scale letter in its name."""
    from ultralytics.utils import ROOT

    path = tmp_path / "mine-pose.yaml"
    path.write_text((ROOT / "cfg/models/11/yolo11-pose.yaml").read_text())
    return path


def test_a_yaml_of_ones_own_without_a_scale_letter_has_the_first(own):
    config = model_config(str(own), 4)
    assert config["scale"] == next(iter(config["scales"])) == "n"
    assert PolygonModel(config, nc=1, verbose=False)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("reg_max: 1", "reg_max=1 leaves no DFL to train"),
        ("reg_max: null", "reg_max=None leaves no DFL to train"),
        ("end2end: True", "end2end trains two heads"),
    ],
)
def test_a_yaml_whose_losses_are_others_is_refused_before_it_trains(own, line, message):
    own.write_text(f"{line}\n{own.read_text()}")
    with pytest.raises(UserError, match=message) as caught:
        model_config(str(own), 4)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("line", ["reg_max: 8", "end2end: False"])
def test_a_yaml_may_say_what_fits(own, line):
    own.write_text(f"{line}\n{own.read_text()}")
    assert model_config(str(own), 4)["kpt_shape"] == [4, 2]


def test_what_a_yaml_of_ones_own_holds_is_told_by_its_digest(own):
    before = model_digest(str(own))
    own.write_text("# a remark\n" + own.read_text())
    assert model_digest(str(own)) == before
    own.write_text(own.read_text().replace("nc: 80", "nc: 80\nactivation: torch.nn.ReLU()"))
    assert model_digest(str(own)) != before
    assert model_digest("yolo11n-polygon.yaml") is None


@pytest.mark.parametrize(("name", "imgsz", "side"), [(DEEP, 96, 128), (DEEP, 128, 128), (SMALL, 96, 96)])
def test_images_are_as_large_as_the_largest_stride_asks_for(small, name, imgsz, side):
    """Ultralytics rounds so in training; at 96 px a network of stride 64 cannot put its layers together."""
    step = TrainingStep(name, {"imgsz": imgsz, "batch": 2}, torch.device("cpu"))
    assert step.batch["img"].shape == (2, 3, side, side)
    step()
    assert image_size(step.model, imgsz) == side
    step.model.named = False  # as a run's weights
    detect(step.model, small, imgsz=image_size(step.model, imgsz))
