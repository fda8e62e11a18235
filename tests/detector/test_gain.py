"""What `--precision auto` goes by is the time of a whole training step, in both formats."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from bench.detector import gain
from bench.detector.step import TrainingStep
from tests.devices import DEVICE

MODEL = "yolo11n-polygon.yaml"


class Clock:
    """Stands still until a step is taken; the first of each format takes longer."""

    def __init__(self, fp32, bf16):
        self.now, self.seconds, self.taken = 0.0, {False: fp32, True: bf16}, []

    def step(self, model, settings, device):
        self.settings, network = settings, SimpleNamespace(autocast=None)

        def take():
            self.now += self.seconds[network.autocast] * (1 if network.autocast in self.taken else 50)
            self.taken.append(network.autocast)

        take.model = network
        return take


@pytest.mark.parametrize(("fp32", "bf16"), [(0.3, 0.1), (0.1, 0.2)])
def test_the_gain_is_the_ratio_of_warm_steps(monkeypatch, fp32, bf16):
    clock = Clock(fp32, bf16)
    monkeypatch.setattr(gain, "TrainingStep", clock.step)
    monkeypatch.setattr(gain, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    assert gain.gain_of_bf16(MODEL, {"imgsz": 96, "batch": 16}, "cpu") == pytest.approx(fp32 / bf16)
    assert clock.settings["batch"] == 8
    assert clock.taken == [False, True] * 4  # in turn: whatever else the machine does slows down both


@pytest.mark.parametrize("failing", [True, False], ids=["bf16", "fp32"])
def test_a_device_without_bfloat16_gains_nothing_by_it(monkeypatch, failing):
    def fails(*arguments):
        network = SimpleNamespace(autocast=None)

        def take():
            if network.autocast == failing:
                raise RuntimeError("no kernel for this")

        take.model = network
        return take

    monkeypatch.setattr(gain, "TrainingStep", fails)
    if failing:
        assert gain.gain_of_bf16(MODEL, {"imgsz": 96, "batch": 16}, "cpu") == 0
    else:
        with pytest.raises(RuntimeError, match="no kernel"):
            gain.gain_of_bf16(MODEL, {"imgsz": 96, "batch": 16}, "cpu")


def test_a_step_trains_in_both_formats(monkeypatch):
    """Loss and optimiser included: the weights move, and the network's outputs are in the format."""
    made, seen = [], []

    def kept(*arguments):
        made.append(TrainingStep(*arguments))
        before = [one.detach().clone() for one in made[0].model.parameters()]
        made.append(before)
        convolution = next(one for one in made[0].model.modules() if isinstance(one, torch.nn.Conv2d))
        convolution.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
        return made[0]

    monkeypatch.setattr(gain, "TrainingStep", kept)
    assert gain.gain_of_bf16(MODEL, {"imgsz": 32, "batch": 2}, DEVICE) > 0
    assert seen == [torch.float32, torch.bfloat16] * 4
    step, before = made
    moved = [bool((one != old).any()) for one, old in zip(step.model.parameters(), before, strict=True)]
    assert sum(moved) > len(moved) / 2


def test_a_step_is_as_large_as_multi_scale_makes_it():
    settings = {"imgsz": 64, "batch": 2, "multi_scale": 0.5}
    assert TrainingStep(MODEL, settings, torch.device("cpu")).batch["img"].shape == (2, 3, 96, 96)
