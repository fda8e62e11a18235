"""Weights to start from: those of a run of this harness, or an Ultralytics checkpoint. Neither can run code."""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from pathlib import Path
from typing import Any

import torch

from bench.detector.model import PolygonModel
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
        raise UserError(f"--set pretrained={path}: no such file")
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
        raise UserError(f"--set pretrained={path}: no weights that can be loaded safely; give a .pt of YOLO") from None


def weights_digest(path: str) -> str:
    """Return what stands for a file of weights in the identity of a run: its content, not where it lies.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]}"
    except OSError as error:
        raise UserError(f"--set pretrained={path}: cannot be read: {error.strerror}") from None


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
