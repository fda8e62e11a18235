"""What a training step gains by bfloat16 on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

from bench.detector.device import torch_device
from bench.detector.precision import BF16, FP32
from bench.detector.step import TrainingStep

GAIN = 1.1
"""How much faster a step must be for bfloat16 to be taken."""
_ROUNDS = 3
_MOST_IMAGES = 8


def gain_of_bf16(model: str, settings: Mapping[str, Any], device: str) -> float:
    """Return how many times faster a training step is in bfloat16, measured here.

    Steps in both formats are timed in turn, on random images of the study's size, and the median of the ratios is
    taken. It is 0 where the device, or a kernel of the model, has no bfloat16.

    Args:
        model: as `model_config` takes it.
        settings: as `TrainingStep` takes them; of a larger batch 8 images are enough.
        device: `cpu`, or the number of a GPU.

    Raises:
        RuntimeError: not even in single precision can a step be taken.
    """
    place = torch_device(device)
    step = TrainingStep(model, {**settings, "batch": min(int(settings["batch"]), _MOST_IMAGES)}, place)
    ratios = []
    for number in range(_ROUNDS + 1):
        seconds = {}
        for precision in (FP32, BF16):
            step.model.autocast = precision == BF16
            start = time.perf_counter()
            try:
                step()
            except RuntimeError:
                if precision == FP32:
                    raise
                return 0.0
            seconds[precision] = time.perf_counter() - start
        if number:  # the first round warms up
            ratios.append(seconds[FP32] / seconds[BF16])
    return statistics.median(ratios)
