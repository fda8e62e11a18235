"""Strategies about other strategies: the escape test and the controls."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import strategies
from strategies import Signals, contract
from strategies.stage import Stage


def signals(epoch, epochs=20, ratio=0.05, state=None):
    gram = torch.tensor([[1.0, 0.0], [0.0, ratio**2]])
    return Signals(epoch, epochs, torch.tensor(0.5), torch.tensor(0.3), gram, state or {})


@pytest.mark.parametrize("by", [*strategies.names(core=True), "static[alpha=0.1]", "cosine[normalization=gradient]"])
def test_a_rescue_is_mgiou_alone_and_then_the_whole_of_the_other_strategy(by):
    (rescue,), (inner,) = strategies.parse(f"rescue[by={by}]"), strategies.parse(by)
    assert rescue.label == f"rescue[by={inner.label}]"
    state, own = {}, {}
    for epoch in range(20):
        seen = signals(epoch, state=state)
        state = rescue.observe(seen)
        weights = rescue.weights(signals(epoch, state=state))
        if epoch < 6:
            assert weights == (0.0, 1.0)
            continue
        own = inner.observe(signals(epoch - 6, 14, state=own))
        expected = inner.weights(signals(epoch - 6, 14, state=own))
        assert [float(w) for w in weights] == [float(w) for w in expected]


def test_a_rescue_measures_what_it_begins_with_and_keeps_the_others_stages():
    (rescue,) = strategies.parse("rescue[by=two-stage-70-restart]")
    first, second = rescue.stages()
    assert first == Stage(0.3)
    assert second.restart
    inner = strategies.build("two-stage-70-restart")
    for epochs in (10, 20, 100):
        begun = first.first_epoch(epochs)
        left = epochs - begun
        assert second.first_epoch(epochs) - begun == inner.stages()[0].first_epoch(left)
        assert rescue.weights(signals(second.first_epoch(epochs) - 1, epochs)) == (1.0, 0.0)
        assert rescue.weights(signals(second.first_epoch(epochs), epochs)) == (0.0, 1.0)


@pytest.mark.parametrize(
    "text",
    ["rescue[by=nobody]", "rescue[at=0]", "rescue[at=1]", "rescue[by=rescue]", "rescue[by=static[alpha=[0.1,0.5]]]"],
)
def test_a_rescue_that_makes_no_sense_is_refused(text):
    with pytest.raises(strategies.StrategyError):
        strategies.parse(text)


@pytest.mark.parametrize("name", [name for name in strategies.names() if name.startswith("control-")])
def test_a_control_plays_its_list_and_keeps_the_stages(name):
    rows = [[0.9, 0.1], [0.2, 0.8], [0.0, 1.0]]
    control = strategies.build(name, {"of": "two-stage-70", "trajectory": rows})
    played = strategies.open_loop_weights(control, 6)
    assert played == [tuple(rows[epoch // 2]) for epoch in range(6)]
    assert control.stages() == strategies.build("two-stage-70").stages()
    assert control.label.startswith("two-stage-70: ")
    assert contract.failures(control) == {}


@pytest.mark.parametrize("rows", [[], [[1.0]], [[0.0, 0.0]], [[-1.0, 2.0]], [[float("nan"), 1.0]], ["ab"]])
def test_a_list_that_holds_no_weights_is_refused(rows):
    with pytest.raises(strategies.StrategyError, match="trajectory"):
        strategies.build("control-replay", {"trajectory": rows})


@pytest.mark.parametrize("name", [name for name in strategies.names() if name.startswith("control-")])
@pytest.mark.parametrize(
    ("of", "told"), [("static[alpha=[0.1,0.5]]", "is 2 strategies; name one"), ("cosin", "did you mean 'cosine'")]
)
def test_a_control_is_of_one_strategy_that_exists(name, of, told):
    with pytest.raises(strategies.StrategyError, match=told):
        strategies.build(name, {"of": of})


@pytest.mark.parametrize("name", strategies.names())
@pytest.mark.parametrize("normalization", ["none", "constant", "loss-ema", "gradient"])
def test_weights_foretold_are_the_weights_that_come(name, normalization):
    strategy = strategies.build(name)
    if "normalization" in strategy.parameters():
        strategy = strategies.build(name, {"normalization": normalization})
    foretold = strategies.open_loop_weights(strategy, contract.EPOCHS)
    followed = name == "adaptive" or (
        "normalization" in strategy.parameters() and normalization in ("loss-ema", "gradient")
    )
    assert (foretold is None) == followed
    if foretold is not None:
        rows, _ = contract.trajectory(strategy)
        np.testing.assert_allclose([row[1:] for row in rows], np.repeat(foretold, contract.STEPS, axis=0), rtol=1e-6)
    assert strategies.varies(strategy, contract.EPOCHS) == (foretold is None or len(set(foretold)) > 1)
