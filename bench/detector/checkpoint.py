"""A trained detector from a file, as data: nothing in the file can run code."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from ultralytics.nn.tasks import load_checkpoint

from bench.clip_vertices import of_ultralytics
from bench.detector.model import PolygonModel, model_config
from bench.errors import UserError
from bench.weights import NoTensors, load_tensors


def load_detector(path: Path | str) -> PolygonModel:
    """Return a trained detector, in single precision and evaluation mode.

    Its `names` are its categories by class index, its `args["imgsz"]` the image size it was trained at, and
    `kpt_shape[0]` its number of vertices.

    Args:
        path: `best.pt` or `last.pt` of `bench train`, or `weights.pt` of a study's run, which knows no names (`named`).

    Raises:
        UserError: no such file, one that holds something else, or weights that are not finite.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file; give best.pt of `bench train`, or weights.pt of a run")
    with contextlib.suppress(NoTensors):
        raw = load_tensors(path)
        if isinstance(raw, dict) and raw.keys() >= {"identity", "state_dict"}:
            return _finite(_of_run(raw, path), path)
    return _finite(_of_checkpoint(path), path)


def _finite(model: PolygonModel, path: Path | str) -> PolygonModel:
    if all(value.isfinite().all() for value in model.state_dict().values()):
        return model
    raise UserError(f"{path}: its weights are not finite, so that it finds nothing; train again")


def _of_run(raw: Mapping[str, Any], path: Path | str) -> PolygonModel:
    identity, state = raw["identity"], raw["state_dict"]
    try:
        classes = next(value for name, value in reversed(state.items()) if ".cv3." in name and name.endswith("bias"))
        config = model_config(identity["model"], identity["data"]["vertices"])
        model = PolygonModel(config, ch=3, nc=len(classes), verbose=False)
        model.load_state_dict(state)
    except (KeyError, StopIteration, RuntimeError, AttributeError, TypeError):
        raise UserError(f"{path}: the weights are not those of the model it names; is it a run's weights.pt?") from None
    # As Ultralytics finds them in a checkpoint; its exporter asks for the data.
    model.args, model.task = {**of_ultralytics(identity["settings"]), "data": identity["data"]["name"]}, "pose"
    model.named = False
    return model.eval()


def _of_checkpoint(path: Path | str) -> PolygonModel:
    torch.serialization.add_safe_globals([PolygonModel])  # all the rest is on Ultralytics' own list
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that are refused anyway
            model, _ = load_checkpoint(path)
    except Exception:  # whatever a file that is something else makes it run into
        raise UserError(f"{path}: no detector that can be loaded safely; give best.pt of `bench train`") from None
    if not isinstance(model, PolygonModel):
        raise UserError(f"{path}: a {type(model).__name__}, not a polygon detector; train one with `bench train`")
    return model
