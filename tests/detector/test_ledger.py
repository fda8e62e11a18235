"""What is measured of the gradients, and that measuring leaves no trace."""

from __future__ import annotations

import math

import pytest
import torch

from bench.detector.mixer import Mixer
from bench.detector.shared_gradients import PROBE_COLUMNS, SharedGradientProbe
from bench.detector.trainer import PolygonTrainer
from bench.history_columns import LEDGER_COLUMNS
from bench.losses import l2_loss, mgiou_loss
from strategies import Mix, build, names, parse
from tests.models import USUAL

from .test_pairing import equal, train


def polygons(seed, count=5):
    generator = torch.Generator().manual_seed(seed)
    base = torch.tensor([[0.0, 0.0], [4.0, 0.5], [4.5, 4.0], [0.5, 3.5]])
    return base + torch.randn(count, 4, 2, generator=generator)


def step(mixer, seed):
    pred = polygons(seed).requires_grad_()
    target = polygons(seed + 100)
    loss = mixer(pred, target, torch.ones(5, 4, dtype=torch.bool), torch.full((5,), 16.0))
    (grad,) = torch.autograd.grad(loss, pred)
    return pred.detach(), target, loss.detach(), grad


@pytest.mark.parametrize("text", ["l2", "mgiou", "static[alpha=0.3]", "static[normalization=gradient]", "adaptive"])
def test_a_step_is_the_weighted_sum_and_its_gradient(text):
    mixer = Mixer(parse(text)[0], "paper", 10)
    pred, target, loss, grad = step(mixer, 1)
    row = mixer.close_epoch()
    v = pred.clone().requires_grad_()
    l2 = l2_loss(v, target, torch.ones(5, 4), torch.full((5,), 16.0)).mean()
    mgiou = mgiou_loss(v, target).mean()
    (g1,), (g2,) = torch.autograd.grad(l2, v), torch.autograd.grad(mgiou, v)
    assert float(loss) == pytest.approx(row["w_l2"] * l2.item() + row["w_mgiou"] * mgiou.item(), rel=1e-5)
    torch.testing.assert_close(grad, row["w_l2"] * g1 + row["w_mgiou"] * g2)
    assert row["grad_l2"] == pytest.approx(float(g1.norm()), rel=1e-5)
    assert row["grad_mgiou"] == pytest.approx(float(g2.norm()), rel=1e-5)
    cosine = float((g1 * g2).sum() / g1.norm() / g2.norm())
    assert row["grad_cosine"] == pytest.approx(cosine, abs=1e-5)
    assert row["conflict"] == float(cosine < 0)
    pull = row["w_l2"] * float(g1.norm()), row["w_mgiou"] * float(g2.norm())
    assert row["share_l2"] == pytest.approx(pull[0] / sum(pull), rel=1e-5)


def test_an_epoch_is_the_mean_of_its_steps_and_the_next_starts_anew():
    whole, singles = Mixer(build("adaptive"), "paper", 10), []
    for seed in range(3):
        step(whole, seed)
    mean = whole.close_epoch()
    for seed in range(3):
        one = Mixer(build("adaptive"), "paper", 10)
        step(one, seed)
        singles.append(one.close_epoch())
    for column in ("loss_l2", "loss_mgiou", "grad_l2", "grad_cosine", "conflict"):
        assert mean[column] == pytest.approx(sum(s[column] for s in singles) / 3, rel=1e-5)
    assert all(math.isnan(value) for value in whole.close_epoch().values())
    assert tuple(mean) == LEDGER_COLUMNS


def test_gradient_normalization_pulls_equally_and_keeps_the_size_of_an_l2_step():
    """Issue 3: with `gradient` and alpha 0.5 both parts contribute equal norms, within 1 %."""
    (mix,) = [build("static", {"alpha": 0.5, "normalization": "gradient"})]
    mixer = Mixer(mix, "paper", 10)
    step(mixer, 4)
    row = mixer.close_epoch()
    pull_l2, pull_mgiou = row["w_l2"] * row["grad_l2"], row["w_mgiou"] * row["grad_mgiou"]
    assert pull_l2 == pytest.approx(pull_mgiou, rel=0.01)
    assert pull_l2 + pull_mgiou == pytest.approx(row["grad_l2"], rel=0.01)


class OfTheProcessor(Mix):
    """Its alpha is a tensor, and of the CPU wherever the step is."""

    def alpha_at(self, signals):
        return 0.5 + 0.45 * torch.cos(torch.tensor(math.pi * signals.progress))


@pytest.mark.parametrize("strategy", [*map(build, names()), OfTheProcessor()], ids=lambda one: one.name)
def test_a_step_is_taken_on_whatever_device_the_vertices_are(strategy):
    """On the meta device there are shapes alone: what another device's tensor is put beside, and what waits, fails."""
    like = {"device": "meta"}
    for form in strategy.forms or (None,):
        mixer = Mixer(strategy, form, 2)
        for mixer.epoch in range(2):
            pred = torch.empty(5, 4, 2, **like, requires_grad=True)
            visible = torch.empty(5, 4, dtype=torch.bool, **like)
            mixer(pred, torch.empty(5, 4, 2, **like), visible, torch.empty(5, **like)).backward()
        assert mixer._sum.device.type == "meta"


def test_a_step_reads_nothing_back_from_the_device(monkeypatch):
    texts = [
        "l2",
        "two-stage-50",
        *(f"adaptive[normalization={n}]" for n in ("none", "constant", "loss-ema", "gradient")),
    ]
    mixers = [Mixer(strategy, "paper", 10) for text in texts for strategy in parse(text)]
    batches = [(polygons(n).requires_grad_(), polygons(n + 10)) for n in range(2)]
    visible, area = torch.ones(5, 4, dtype=torch.bool), torch.full((5,), 16.0)

    def forbidden(*_):
        raise AssertionError("the training step waits for the device")

    with monkeypatch.context() as patched:
        for name in ("item", "tolist", "__bool__", "__float__", "__int__", "nonzero", "cpu", "numpy"):
            patched.setattr(torch.Tensor, name, forbidden)
        for mixer in mixers:
            for pred, target in batches:
                mixer(pred, target, visible, area).backward()
    assert all(math.isfinite(value) for mixer in mixers for value in mixer.close_epoch().values())


def test_the_probe_is_autograds_gradient_at_the_shared_weights(job, tmp_path):
    _, _, trainer = train(job("cosine", epochs=1, imgsz=96), tmp_path)
    model, batch = trainer.model, trainer.probe.batch
    found = trainer.probe.measure(model, "paper")
    assert tuple(found) == PROBE_COLUMNS
    assert all(math.isfinite(value) for value in found.values())
    shared = [p for n, p in model.model[:-1].named_parameters() if p.requires_grad]
    norms = []
    for name in ("l2", "mgiou"):
        from bench.detector.loss import PolygonLoss

        model.train()
        loss, _ = PolygonLoss(model, Mixer(build(name), "paper", 1))(model(batch["img"]), batch)
        gain = model.args.pose * len(batch["img"])
        gradients = torch.autograd.grad(loss[1] / gain, shared, allow_unused=True)
        norms.append(torch.cat([g.flatten() for g in gradients if g is not None]))
    assert found["net_grad_l2"] == pytest.approx(float(norms[0].norm()), rel=1e-3)
    assert found["net_grad_mgiou"] == pytest.approx(float(norms[1].norm()), rel=1e-3)
    cosine = torch.nn.functional.cosine_similarity(norms[0], norms[1], dim=0)
    assert found["net_grad_cosine"] == pytest.approx(float(cosine), abs=1e-3)


def test_the_probe_leaves_no_trace(job, tmp_path):
    _, _, trainer = train(job("cosine", epochs=1), tmp_path)
    model = trainer.model
    for mode in (True, False):
        model.train(mode)
        before = {k: v.clone() for k, v in model.state_dict().items()}
        grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
        generator, image = torch.get_rng_state(), trainer.probe.batch["img"].clone()
        trainer.probe.measure(model, "paper")
        assert model.training is mode
        assert equal(before, model.state_dict())
        assert torch.equal(generator, torch.get_rng_state())
        assert torch.equal(image, trainer.probe.batch["img"])
        for old, p in zip(grads, model.parameters(), strict=True):
            assert (old is None and p.grad is None) or torch.equal(old, p.grad)


def test_training_with_and_without_the_ledger_gives_the_same_weights(job, tmp_path, monkeypatch):
    a, rows, _ = train(job("cosine"), tmp_path / "a")
    assert {*LEDGER_COLUMNS, *PROBE_COLUMNS} <= rows[-1].keys()
    monkeypatch.setattr(SharedGradientProbe, "measure", lambda self, model, form: {})
    monkeypatch.setattr(Mixer, "_note", lambda self, *_: None)
    b, _, _ = train(job("cosine"), tmp_path / "b", PolygonTrainer)
    assert equal(a.state_dict, b.state_dict)


def test_where_all_before_the_head_is_frozen_there_is_nothing_to_measure(job, tmp_path):
    _, rows, _ = train(job("cosine", model=USUAL, freeze=23), tmp_path)
    assert all(math.isnan(rows[-1][column]) for column in PROBE_COLUMNS)
    assert rows[-1]["grad_l2"] > 0  # at the vertices there is
