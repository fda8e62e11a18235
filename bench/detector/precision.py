"""In which number format the network computes: single precision, or bfloat16 where this machine gains by it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import torch

from bench.detector.device import torch_device
from bench.detector.model import PolygonModel, model_config, network_size

FP32, BF16 = "fp32", "bf16"
GAIN = 1.1
"""How much faster a step must be for bfloat16 to be taken."""
_ROUNDS = 3
_MOST_IMAGES = 8


def amp_of(precision: str) -> str | bool:
    """Return the training setting `amp` of a precision."""
    return BF16 if precision == BF16 else False


def gain_of_bf16(model: str, settings: Mapping[str, Any], device: str) -> float:
    """Return how many times faster the network's forward and backward pass is in bfloat16, measured here.

    Both are timed in turn, on random images of the study's size, and the median of the ratios is taken.

    Args:
        model: as `model_config` takes it.
        settings: `imgsz` and `batch`; of a larger batch 8 images are enough.
        device: `cpu`, or the number of a GPU.
    """
    place = torch_device(device)
    network = PolygonModel(model_config(model, 4), ch=3, nc=1, verbose=False).to(place)
    network.to(memory_format=torch.channels_last).train()
    size = network_size(settings["imgsz"])
    count = min(int(settings["batch"]), _MOST_IMAGES)
    images = torch.rand(count, 3, size, size, device=place)
    ratios = []
    for number in range(_ROUNDS + 1):
        seconds = {}
        for precision in (FP32, BF16):
            network.autocast = precision == BF16
            start = time.perf_counter()
            outputs = network(images)
            sum(value.float().mean() for value in _tensors(outputs)).backward()  # type: ignore[union-attr]
            if place.type == "cuda":
                torch.cuda.synchronize(place)
            seconds[precision] = time.perf_counter() - start
        if number:  # the first round warms up
            ratios.append(seconds[FP32] / seconds[BF16])
    if place.type == "cuda":
        del network, images, outputs
        torch.cuda.empty_cache()  # this process only asks: the GPU's memory is for those that train
    return statistics.median(ratios)


def _tensors(value: Any) -> list[torch.Tensor]:
    leaves = torch.utils._pytree.tree_leaves(value)
    return [leaf for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.requires_grad]
