"""The network: Ultralytics' pose model with a polygon's vertices as its keypoints."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map
from ultralytics.nn.modules.head import Pose
from ultralytics.nn.tasks import PoseModel, yaml_model_load
from ultralytics.utils import ROOT, YAML

from bench.errors import UserError

_LEAST_STRIDE = 32
"""What Ultralytics rounds to where a network's largest stride is smaller."""
_BINS = 16
"""Ultralytics' `reg_max` where a YAML names none."""
_NAME = re.compile(r"(?P<family>yolo\w*?\d+)(?P<scale>[nslmx])-polygon(\.yaml)?")


def model_config(name: str, vertices: int) -> dict[str, Any]:
    """Resolve `yolo11n-polygon.yaml` to the installed `yolo11-pose.yaml` with `kpt_shape: [vertices, 2]`.

    Args:
        name: family, scale letter and `-polygon.yaml`; any family whose pose YAML is installed and has the plain
            pose head (yolo11, yolov8, yolo12), any of its scales. Or the path of a pose YAML of your own.
        vertices: V, from 3 on.

    Raises:
        UserError: no such family or scale, or a head this loss does not fit.
    """
    match = _NAME.fullmatch(name)
    if match:
        stem = f"{match['family']}-pose.yaml"
        found = sorted((ROOT / "cfg" / "models").rglob(stem))
        if not found:
            raise UserError(f"model {name}: the installed Ultralytics has no {stem}; try yolo11n-polygon.yaml")
        config = YAML.load(found[0])
        config["scale"] = match["scale"]
        config["yaml_file"] = name
    elif Path(name).suffix == ".pt":
        raise UserError(f"model {name}: weights; name what they are of, and start from them with pretrained={name}")
    elif Path(name).is_file():
        config = _read(name)
    else:
        raise UserError(f"model {name}: neither FAMILY+SCALE-polygon.yaml (say yolo11n-polygon.yaml) nor a file")
    if config.get("scales") and not config.get("scale"):  # nothing in the name: the first, as Ultralytics has it
        config["scale"] = next(iter(config["scales"]))
    if config.get("scales") and config["scale"] not in config["scales"]:
        raise UserError(f"model {name}: no scale {config['scale']!r}; there are {', '.join(config['scales'])}")
    head = config.get("head") or [[None, None, None]]
    if head[-1][2] != Pose.__name__:
        raise UserError(f"model {name}: its head is {head[-1][2]}, not Pose; use a yolo11 or yolov8 pose model")
    if config.get("end2end"):
        raise UserError(f"model {name}: end2end trains two heads, and the polygon loss is of one; take it out")
    bins = config.get("reg_max", _BINS)
    if type(bins) is not int or bins < 2:  # with one, Ultralytics has another loss in the place of DFL, called l1_loss
        raise UserError(f"model {name}: reg_max={bins} leaves no DFL to train; give 2 or more, or take it out")
    config["kpt_shape"] = [vertices, 2]
    return config


def _read(name: str) -> dict[str, Any]:
    try:
        config = yaml_model_load(name)
        if config.get("head"):
            return config
    except Exception:  # whatever a file that is something else makes it run into
        pass
    raise UserError(f"model {name}: no YAML of a model; give yolo11n-polygon.yaml or a pose YAML of your own")


def model_digest(name: str) -> str | None:
    """Return a digest of what a pose YAML of the user's own holds; None for a name that says all of a model.

    Raises:
        UserError: as `model_config`.
    """
    config = model_config(name, 4)
    if _NAME.fullmatch(name):
        return None
    held = {key: value for key, value in config.items() if key not in ("yaml_file", "kpt_shape")}
    text = json.dumps(held, sort_keys=True, default=str, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def largest_size(imgsz: int, multi_scale: float) -> int:
    """Return the side of the largest images of a training; `multi_scale` is the share by which it is varied."""
    return math.ceil(imgsz * (1 + multi_scale))


class PolygonModel(PoseModel):
    """A `PoseModel` whose loss is handed in from outside (`criterion`), since it belongs to a run, not a network.

    Attributes:
        autocast: whether the network, in training, computes in bfloat16 where torch holds that to be safe. Weights,
            losses and predictions are in single precision whatever it is.
        named: whether `names` are those of the categories; a run's weights know none, and `names` are then numbers.
    """

    autocast: bool = False
    named: bool = True

    def predict(self, x: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Return the network's outputs for (N, 3, H, W) images, in single precision."""
        if not (self.autocast and self.training):
            return super().predict(x, *args, **kwargs)
        with torch.autocast(x.device.type, torch.bfloat16):
            outputs = super().predict(x, *args, **kwargs)
        return tree_map(lambda leaf: leaf.float() if isinstance(leaf, Tensor) else leaf, outputs)

    def init_criterion(self) -> Any:
        """Refuse: the trainer sets `criterion` before the first step."""
        raise RuntimeError("PolygonModel.criterion is not set; train it with PolygonTrainer")


def network_size(imgsz: int, model: PolygonModel) -> int:
    """Return the side in pixels of the images that a network gets: `imgsz` as Ultralytics rounds it in training.

    That is up to a multiple of the network's largest stride, which is 64 in a model with P6, and of 32 at least.
    """
    stride = max(int(model.stride.max()), _LEAST_STRIDE)
    return math.ceil(imgsz / stride) * stride
