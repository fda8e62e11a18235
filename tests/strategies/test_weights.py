"""Golden values: the table of DESIGN section 2."""

from __future__ import annotations

import math

import pytest
import torch

import strategies
from strategies import Signals


def at(text, epoch, epochs=100, gram=((1.0, 0.0), (0.0, 0.0025))):
    (strategy,) = strategies.parse(text)
    signals = Signals(epoch, epochs, torch.tensor(0.5), torch.tensor(0.25), torch.tensor(gram), {})
    signals = Signals(epoch, epochs, signals.loss_l2, signals.loss_mgiou, signals.gram, strategy.observe(signals))
    return tuple(float(w) for w in strategy.weights(signals))


@pytest.mark.parametrize(
    ("text", "epoch", "expected"),
    [
        ("l2", 50, (1, 0)),
        ("mgiou", 50, (0, 1)),
        ("mgiou-centred", 50, (0, 1)),
        ("static", 7, (0.8, 0.2)),
        ("static[alpha=0.3]", 7, (0.3, 0.7)),
        ("linear", 0, (1, 0)),
        ("linear", 25, (0.75, 0.25)),
        ("cosine", 0, (1, 0)),
        ("cosine", 50, (0.6, 0.4)),
        (
            "cosine",
            99,
            (0.2 + 0.4 * (1 + math.cos(0.99 * math.pi)),) * 1 + (0.8 - 0.4 * (1 + math.cos(0.99 * math.pi)),),
        ),
        ("step", 49, (0.9, 0.1)),
        ("step", 50, (0.3, 0.7)),
        ("exponential", 0, (0.9, 0.1)),
        ("exponential", 20, (0.9 * math.exp(-1), 1 - 0.9 * math.exp(-1))),
        ("two-stage-50", 49, (1, 0)),
        ("two-stage-50", 50, (0, 1)),
        ("two-stage-70", 69, (1, 0)),
        ("two-stage-70", 70, (0, 1)),
        ("two-stage-90", 89, (1, 0)),
        ("two-stage-90", 90, (0, 1)),
        ("two-stage-70-restart", 70, (0, 1)),
        ("adaptive", 3, (0.7, 0.3)),  # ratio of norms 0.05
    ],
)
def test_weights(text, epoch, expected):
    assert at(text, epoch) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("ratio", "alpha"), [(0.009, 0.9), (0.011, 0.7), (0.099, 0.7), (0.101, 0.3)])
def test_adaptive_levels(ratio, alpha):
    assert at("adaptive", 3, gram=((4.0, 0.0), (0.0, 4 * ratio**2)))[0] == pytest.approx(alpha)


def test_adaptive_smoothing_is_an_ema_of_the_ratio():
    ratios = (0.001, 1.0, 1.0)
    for smoothing, expected in ((0.0, 1.0), (0.5, 0.25 * 0.001 + 0.75 * 1.0)):
        strategy, state = strategies.build("adaptive", {"smoothing": smoothing}), {}
        for ratio in ratios:
            gram = torch.diag(torch.tensor([1.0, ratio**2]))
            state = strategy.observe(Signals(0, 10, torch.tensor(0.5), torch.tensor(0.5), gram, state))
        assert float(state["ratio"]) == pytest.approx(expected, rel=1e-4)


def test_gradient_normalization_balances_the_two_pulls():
    gram = torch.tensor([[9.0, 1.0], [1.0, 1e-4]])
    w_l2, w_mgiou = at("static[alpha=0.5,normalization=gradient]", 0, gram=gram.tolist())
    assert w_l2 * 3.0 == pytest.approx(w_mgiou * 0.01, rel=1e-3)
    assert w_l2 * 3.0 + w_mgiou * 0.01 == pytest.approx(3.0, rel=1e-3)


def test_constant_normalization_is_a_hundredth_of_l2():
    assert at("static[alpha=0.5,normalization=constant]", 0) == pytest.approx((0.005, 0.5))


def test_loss_ema_starts_from_one():
    w_l2, w_mgiou = at("static[alpha=0.5,normalization=loss-ema]", 0)
    assert w_l2 == pytest.approx(0.5 / (0.9 + 0.1 * 0.5))
    assert w_mgiou == pytest.approx(0.5 / (0.9 + 0.1 * 0.25))
