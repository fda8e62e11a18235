"""`freeze`, checked before a training begins: Ultralytics passes over what it does not find."""

from __future__ import annotations

from typing import Any

from bench.detector.model import PolygonModel, model_config
from bench.errors import UserError


def check_freeze(freeze: Any, model: str) -> None:
    """Check which layers are not to be trained.

    Args:
        freeze: the number of first layers, or a list of numbers and names of layers (`23.cv2`); None: all are trained.
        model: `yolo11n-polygon.yaml` or its like.

    Raises:
        UserError: it is neither, names a layer that the model does not have, or leaves nothing to train.
    """
    if freeze is None:
        return
    network = PolygonModel(model_config(model, 4), ch=3, nc=1, verbose=False)
    layers = len(network.model)
    if type(freeze) is int:
        if not 0 <= freeze < layers:
            raise UserError(f"freeze={freeze}: {model} has {layers} layers, and one must be trained; give fewer")
        return
    if not isinstance(freeze, list) or not all(type(one) in (int, str) for one in freeze):
        raise UserError(f"freeze={freeze}: give a number of layers, or a list of their numbers and names")
    names = [name for name, _ in network.named_parameters() if ".dfl" not in name]
    for one in freeze:
        known = 0 <= one < layers if type(one) is int else any(f"model.{one}." in name for name in names)
        if not known:
            raise UserError(f"freeze={freeze}: {model} has no layer {one}")
    if all(any(f"model.{one}." in name for one in freeze) for name in names):
        raise UserError(f"freeze={freeze}: nothing of {model} is left to train; name fewer layers")
