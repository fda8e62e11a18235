"""What a training is given, and what it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from bench.arm import Arm
from datasets import DataSet


class Diverged(Exception):
    """The loss is no longer finite. Its text names the epoch and the last finite loss."""


@dataclass(frozen=True)
class Job:
    """All that training one run depends on.

    Attributes:
        arms: what chooses the weights of the two polygon losses. Several, when their runs are one training so far: they
            give the same weights and begin the same stages up to `until`.
        data: images and polygons.
        vertices: V, the number of vertices predicted.
        seed: fixes initial weights, batch order and augmentation.
        model: `yolo11n-polygon.yaml` or its like.
        settings: Ultralytics overrides.
        device: as Ultralytics takes it: `cpu`, `0`, ...
        val_every: epochs between two measurements of AP; the last epoch is always measured.
        pretrained: file of weights to start from; what `settings` says of them is for the identity alone.
        until: how many epochs to train of those that `settings` says the run has; None: all.
    """

    arms: tuple[Arm, ...]
    data: DataSet
    vertices: int
    seed: int
    model: str
    settings: Mapping[str, Any]
    device: str
    val_every: int
    pretrained: str | None = None
    until: int | None = None


@dataclass(frozen=True)
class StageEnd:
    """What a stage leaves before the next one begins, so that a later stage that fails loses nothing.

    Attributes:
        arm: index into `Job.arms` of whose stage it is.
        number: of the stage, from 1.
        epoch: how many epochs are done.
        metrics: of the validation split.
        state_dict: the averaged weights.
    """

    arm: int
    number: int
    epoch: int
    metrics: dict[str, float]
    state_dict: dict[str, Tensor]


@dataclass(frozen=True)
class Outcome:
    """What a finished training leaves: the last epoch's, never the best one's, since that would be picked on val.

    Attributes:
        state_dict: the averaged weights.
        predictions: of the validation split.
        metrics: of the last epoch, one entry an arm.
    """

    state_dict: dict[str, Tensor]
    predictions: list[dict[str, Any]]
    metrics: tuple[dict[str, float], ...]
