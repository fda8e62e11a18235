"""Weights to start from: those of a run of this harness, or an Ultralytics checkpoint. Neither can run code."""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from ultralytics.utils.torch_utils import intersect_dicts

from bench.detector.model import PolygonModel, model_config
from bench.errors import UserError
from bench.weights import NoTensors, load_tensors


def pretrained_weights(path: str) -> Any:
    """Return what `PolygonModel.load` takes.

    Args:
        path: `weights.pt` of a run, `best.pt` of `bench train`, or a checkpoint that Ultralytics wrote, of the same
            family and scale; layers of another shape, as the head's for other vertices or classes, start from scratch.

    Raises:
        UserError: no such file, or one that holds no weights.
    """
    if not Path(path).is_file():
        raise UserError(f"pretrained={path}: no such file")
    with contextlib.suppress(NoTensors):
        raw = load_tensors(path)
        if isinstance(raw, dict) and isinstance(raw.get("state_dict"), dict):
            return {"model": _Weights(raw["state_dict"])}
    from ultralytics.nn.tasks import load_checkpoint

    torch.serialization.add_safe_globals([PolygonModel])  # all the rest is on Ultralytics' own list
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that are refused anyway
            return load_checkpoint(path)[0]
    except Exception:  # whatever a file that is something else makes it run into
        raise UserError(f"pretrained={path}: no weights that can be loaded safely; give a .pt of YOLO") from None


def transferred(path: str, model: str, vertices: int, categories: Sequence[str]) -> str:
    """Return how much of a file of weights a network takes over, in words.

    Args:
        path: as `pretrained_weights` takes it.
        model: as `model_config` takes it.
        vertices: V.
        categories: of the data.

    Raises:
        UserError: nothing of it fits.
    """
    network = PolygonModel(model_config(model, vertices), ch=3, nc=len(categories), verbose=False)
    own = network.state_dict()
    loaded = pretrained_weights(path)
    held = (loaded["model"] if isinstance(loaded, dict) else loaded).float().state_dict()
    fit = len(intersect_dicts(held, own))
    if not fit:
        raise UserError(f"pretrained={path}: none of its tensors is one of {model}'s; give weights of the same model")
    rest = "" if fit == len(own) else "; the rest starts from scratch"
    return f"pretrained: {fit} of {len(own)} tensors of {model} are taken from {path}{rest}"


def weights_digest(path: str) -> str:
    """Return what stands for a file of weights in the identity of a run: its content, not where it lies.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]}"
    except OSError as error:
        raise UserError(f"pretrained={path}: cannot be read: {error.strerror}") from None


class _Weights:
    """A state dictionary in the clothes of a model, which is all that `BaseModel.load` asks for."""

    def __init__(self, state: dict[str, torch.Tensor]) -> None:
        self._state = state

    def float(self) -> _Weights:
        """Return itself: weights are in single precision."""
        return self

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the weights."""
        return self._state
