"""What every registered strategy must do, whoever wrote it."""

from __future__ import annotations

import dataclasses
import io
import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import strategies
from strategies import Signals

EPOCHS, STEPS = 20, 3


def trajectory(strategy, gram_of=None, start=0, state=None):
    """Return ([(alpha, w_l2, w_mgiou) a step], final state) of a made-up run from epoch `start` on."""
    state, rows = state or {}, []
    for epoch in range(start, EPOCHS):
        for step in range(STEPS):
            gram = gram_of(epoch, step) if gram_of else wandering_gram(epoch, step)
            l2, mgiou = torch.tensor(0.9 - 0.03 * epoch), torch.tensor(0.4 - 0.01 * epoch)
            signals = Signals(epoch, EPOCHS, l2, mgiou, gram, state)
            state = strategy.observe(signals)
            signals = dataclasses.replace(signals, state=state)
            rows.append((float(strategy.alpha_at(signals)), *map(float, strategy.weights(signals))))
    return rows, state


def wandering_gram(epoch, step):
    """Return a Gram matrix whose ratio of norms wanders across the adaptive strategy's thresholds."""
    ratio = 10 ** (-3 + 3 * ((epoch * STEPS + step) % 17) / 16)
    return torch.tensor([[1.0, 0.3 * ratio], [0.3 * ratio, ratio**2]])


@pytest.fixture(params=strategies.names())
def strategy(request):
    return strategies.build(request.param)


def test_weights_are_finite_and_not_negative(strategy):
    for alpha, *weights in trajectory(strategy)[0]:
        assert 0 <= alpha <= 1
        assert all(math.isfinite(w) and w >= 0 for w in weights)
        assert sum(weights) > 0


def test_weights_are_a_pure_function(strategy):
    before = pickle.dumps(strategy.parameters())
    assert trajectory(strategy)[0] == trajectory(strategy)[0]
    assert pickle.dumps(strategy.parameters()) == before
    signals = Signals(0, EPOCHS, torch.tensor(0.5), torch.tensor(0.5), wandering_gram(0, 0), {})
    strategy.observe(signals)
    assert signals.state == {}


def test_state_survives_a_save_and_load_and_resume_equals_uninterrupted(strategy):
    whole, _ = trajectory(strategy)
    half = EPOCHS // 2
    state = {}
    for epoch in range(half):
        for step in range(STEPS):
            signals = Signals(
                epoch,
                EPOCHS,
                torch.tensor(0.9 - 0.03 * epoch),
                torch.tensor(0.4 - 0.01 * epoch),
                wandering_gram(epoch, step),
                state,
            )
            state = strategy.observe(signals)
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    buffer.seek(0)
    resumed, _ = trajectory(strategy, start=half, state=torch.load(buffer, weights_only=True))
    assert resumed == whole[half * STEPS :]


def test_no_two_strategies_give_the_same_trajectory():
    seen = {}
    for name in strategies.names():
        one = strategies.build(name)
        key = (one.forms, tuple(trajectory(one)[0]))
        assert key not in seen, f"{name} is {seen[key]} under another name"
        seen[key] = name


def test_an_empty_batch_changes_no_state(strategy):
    empty = torch.zeros(2, 2)
    _, before = trajectory(strategy)
    signals = Signals(EPOCHS - 1, EPOCHS, torch.tensor(0.0), torch.tensor(0.0), empty, before)
    after = strategy.observe(signals)
    assert {k: float(v) for k, v in after.items()} == {k: float(v) for k, v in before.items()}


@pytest.mark.parametrize("normalization", ["none", "constant", "loss-ema", "gradient"])
@given(l2=st.floats(0, 1e6), mgiou=st.floats(0, 1), g1=st.floats(0, 1e6), g2=st.floats(0, 1e6), cos=st.floats(-1, 1))
def test_weights_stay_finite_whatever_the_signals(normalization, l2, mgiou, g1, g2, cos):
    mix = strategies.build("static", {"normalization": normalization})
    gram = torch.tensor([[g1 * g1, cos * g1 * g2], [cos * g1 * g2, g2 * g2]])
    signals = Signals(0, 2, torch.tensor(l2), torch.tensor(mgiou), gram, {})
    signals = dataclasses.replace(signals, state=mix.observe(signals))
    assert all(math.isfinite(float(w)) and float(w) >= 0 for w in mix.weights(signals))


def test_only_alpha_and_a_name_make_a_mix():
    @strategies.register("test-only-half")
    class Half(strategies.Mix):
        share: float = 0.5

        def alpha_at(self, signals):
            return self.share

    try:
        assert strategies.parse("test-only-half[share=0.25]")[0].label == "test-only-half[share=0.25]"
        with pytest.raises(strategies.StrategyError, match="registered twice"):
            strategies.register("test-only-half")(Half)
    finally:
        strategies.registry._registry.pop("test-only-half")
