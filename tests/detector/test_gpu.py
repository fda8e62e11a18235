"""A GPU computes what the CPU computes, within its rounding, and is not waited for."""

from __future__ import annotations

import contextlib
import dataclasses
import warnings

import pytest
import torch

import strategies
from bench.detector.device import torch_device
from bench.detector.inference import detect
from bench.detector.mixer import Mixer
from bench.detector.trainer import PolygonTrainer
from bench.execution.usage import Usage
from bench.losses import FORMS, combine, loss_terms
from bench.provenance import hardware
from tests.devices import DEVICE

from .test_pairing import equal
from .test_snapshot import train

pytestmark = pytest.mark.skipif(DEVICE == "cpu", reason="BENCH_TEST_DEVICE names no GPU")


@pytest.fixture
def gpu() -> torch.device:
    return torch_device(DEVICE)


def polygons(vertices, dtype, count=64):
    """Return predictions, targets, which vertices are seen, and areas: some alike, some degenerate, most neither."""
    generator = torch.Generator().manual_seed(vertices)
    target = 8 * torch.rand(count, vertices, 2, generator=generator, dtype=dtype)
    pred = target + torch.randn(count, vertices, 2, generator=generator, dtype=dtype)
    pred[0], pred[1] = target[0], pred[1, :1]
    visible = torch.rand(count, vertices, generator=generator) < 0.9
    return pred, target, visible, 1 + 60 * torch.rand(count, generator=generator, dtype=dtype)


@contextlib.contextmanager
def no_waiting():
    """Raise wherever the device is waited for."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch says that it is a prototype
            torch.cuda.set_sync_debug_mode("error")
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-3)])
@pytest.mark.parametrize("vertices", [3, 4, 8, 16])
@pytest.mark.parametrize("form", FORMS)
def test_losses_and_gradients_are_those_of_the_cpu(gpu, form, vertices, dtype, tolerance):
    found = []
    for place in (torch.device("cpu"), gpu):
        pred, *others = (one.to(place) for one in polygons(vertices, dtype))
        pred.requires_grad_()
        terms = loss_terms(pred, *others, form)
        loss = combine(pred, terms, 0.3, 0.7)
        loss.backward()
        found.append([one.detach().cpu() for one in (terms.l2, terms.mgiou, terms.gram, loss, pred.grad)])
    for here, there in zip(*found, strict=True):
        torch.testing.assert_close(there, here, rtol=tolerance, atol=tolerance * float(here.abs().max()))


@pytest.mark.parametrize("name", strategies.names())
def test_no_strategy_waits_for_the_gpu_in_a_step(gpu, name):
    strategy = strategies.build(name)
    mixers = [Mixer(strategy, form, 10) for form in strategy.forms or (None,)]
    pred, *others = (one.to(gpu) for one in polygons(4, torch.float32))
    pred.requires_grad_()
    for mixer in mixers:
        mixer(pred, *others).backward()  # what is made once, in the first step, may wait
        with no_waiting():
            mixer(pred, *others).backward()
        assert mixer.close_epoch()["loss_l2"] > 0


def test_what_waits_is_noticed(gpu):
    with no_waiting(), pytest.raises(RuntimeError, match="synchroniz"):
        torch.ones(1, device=gpu).item()


@pytest.mark.parametrize("amp", [False, "bf16"])
def test_it_trains_as_the_cpu_does(job, tmp_path, amp):
    """At first: rounding grows with every step."""
    rows = []
    for device in ("cpu", DEVICE):
        made = job("cosine", epochs=1, lr0=1e-5, amp=amp)
        _, found, _ = train(place(made, device), tmp_path / device)
        rows.append(found[0])
    for column in ("loss", "loss_l2", "loss_mgiou", "grad_l2", "grad_mgiou"):
        assert rows[1][column] == pytest.approx(rows[0][column], rel=0.05 if amp else 0.01), column


@pytest.mark.parametrize(("first", "then"), [("cpu", DEVICE), (DEVICE, "cpu")])
def test_a_training_goes_on_on_another_device(job, tmp_path, first, then):
    made = job("adaptive", epochs=4, lr0=1e-5)
    whole, rows, snapshot = train(place(made, first), tmp_path / "whole", 2)
    moved, later, _ = train(place(made, then), tmp_path / "moved", snapshot=snapshot)
    assert [row["epoch"] for row in later] == [3, 4]
    for row, other in zip(rows[2:], later, strict=True):
        assert other["loss"] == pytest.approx(row["loss"], rel=0.01)
        assert other["alpha"] == pytest.approx(row["alpha"], abs=0.01)
    for key, value in whole.state_dict.items():
        torch.testing.assert_close(moved.state_dict[key].cpu(), value.cpu(), rtol=0.05, atol=0.01)


def test_processes_that_load_images_change_no_bit(job, tmp_path):
    first, rows, _ = train(job("cosine", workers=0), tmp_path / "none")
    second, others, _ = train(job("cosine", workers=2), tmp_path / "two")
    assert equal(first.state_dict, second.state_dict)
    assert rows == others


def test_weights_predict_the_same_on_both(job, tmp_path, small):
    made = job("l2", epochs=1)
    trainer = PolygonTrainer(made, tmp_path, lambda rows: None)
    trainer.run()
    model = trainer.ema.ema.float()
    there = detect(model, small, imgsz=64, device=DEVICE)
    here = detect(model, small, imgsz=64, device="cpu")
    assert len(here) == len(there) > 0
    scores = [torch.tensor([one["score"] for one in found]) for found in (here, there)]
    torch.testing.assert_close(*scores, rtol=0.01, atol=1e-4)


def test_what_a_run_costs_and_where_it_ran(job, tmp_path, gpu):
    usage = Usage(DEVICE)
    train(job("l2", epochs=1), tmp_path)
    used = usage.so_far()
    assert 1 < used["memory_mib"] < torch.cuda.get_device_properties(gpu).total_memory / 2**20
    assert used["cpu_s"] > 0
    assert hardware(str(gpu), 1)["device"] == torch.cuda.get_device_name(gpu)


def place(job, device):
    """Return a job on another device."""
    return dataclasses.replace(job, device=device)
