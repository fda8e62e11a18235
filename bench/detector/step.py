"""A training step by itself, on images made up: what probes time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from ultralytics.cfg import get_cfg

import strategies
from bench.clip_vertices import of_ultralytics
from bench.detector.loss import PolygonLoss
from bench.detector.mixer import Mixer
from bench.detector.model import PolygonModel, largest_size, model_config, network_size
from bench.detector.precision import BF16

_VERTICES = 4


class TrainingStep:
    """Forward, loss, backward and optimiser, as a run has them; every image holds one square.

    Args:
        model: as `model_config` takes it.
        settings: training settings; `imgsz`, at the most that `multi_scale` makes of it, `batch` and `amp` matter.
        device: to compute on.
    """

    def __init__(self, model: str, settings: Mapping[str, Any], device: torch.device) -> None:
        self.device = device
        network = PolygonModel(model_config(model, _VERTICES), ch=3, nc=1, verbose=False)
        network.args = get_cfg(overrides={**of_ultralytics(settings), "amp": False})
        network.autocast = settings.get("amp") == BF16
        self.model = network.to(device, memory_format=torch.channels_last).train()
        self.model.criterion = PolygonLoss(self.model, Mixer(strategies.build("cosine"), "paper", 100))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, fused=True)
        largest = largest_size(int(settings["imgsz"]), float(settings.get("multi_scale", 0.0)))
        self.batch = _batch(network_size(largest, network), int(settings["batch"]), device)

    @property
    def images(self) -> int:
        """Images a step."""
        return len(self.batch["img"])

    def __call__(self) -> None:
        """Take a step, and wait for the device."""
        loss, _ = self.model(self.batch)
        loss.sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _batch(size: int, count: int, device: torch.device) -> dict[str, Tensor]:
    square = torch.tensor([[0.25, 0.25, 1.0], [0.75, 0.25, 1.0], [0.75, 0.75, 1.0], [0.25, 0.75, 1.0]])
    return {
        "img": torch.rand(count, 3, size, size, device=device),
        "cls": torch.zeros(count, 1, device=device),
        "bboxes": torch.full((count, 4), 0.5, device=device),
        "keypoints": square.expand(count, -1, -1).to(device),
        "batch_idx": torch.arange(count, device=device, dtype=torch.float32),
    }
