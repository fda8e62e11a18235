"""Every registered strategy keeps the contract, and one that does not is told so."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import strategies
from strategies import Mix, Signals, Stage, Strategy, contract

from .registering import registered


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", strategies.names())
def test_every_registered_strategy_keeps_the_contract(name, check):
    check(strategies.build(name))


class Negative(Strategy):
    def weights(self, signals):
        return 1.0 - 1.5 * signals.progress, 1.0


class BothZero(Strategy):
    def weights(self, signals):
        return (1.0, 1.0) if signals.epoch else (0.0, 0.0)


class Remembering(Mix):
    def alpha_at(self, signals):
        self.seen.append(1)
        return 1 / len(self.seen)

    seen = []  # noqa: RUF012


class WritingState(Mix):
    def observe(self, signals):
        signals.state["n"] = torch.tensor(1.0)
        return signals.state

    def alpha_at(self, signals):
        return 0.123


class WritingALoss(Mix):
    def observe(self, signals):
        signals.loss_l2.mul_(0.5)
        return signals.state

    def alpha_at(self, signals):
        return 0.123


class WritingTheGram(Mix):
    def alpha_at(self, signals):
        signals.gram.mul_(2)
        return 0.123


class AveragingInPlace(Mix):
    """Each step's state is the last one's tensor, which a snapshot or another run may hold."""

    def observe(self, signals):
        average = signals.state.get("average", torch.zeros_like(signals.loss_l2))
        return {"average": average.mul_(0.9).add_(0.1 * signals.loss_l2)}

    def alpha_at(self, signals):
        return signals.state["average"].clamp(0, 1)


class AveragingALossInPlace(AveragingInPlace):
    def observe(self, signals):
        average = signals.state.get("average", signals.loss_l2)
        return {"average": average.mul_(0.9).add_(0.1 * signals.loss_l2)}


class KeepingANumber(Mix):
    def observe(self, signals):
        average = signals.state.get("average", 0.0)
        return {"average": 0.9 * average + 0.1 * float(signals.loss_l2) if signals.gram[0, 0] > 0 else average}

    def alpha_at(self, signals):
        return min(signals.state["average"], 1.0)


class AskingForAValue(Mix):
    def alpha_at(self, signals):
        return 0.9 if signals.loss_l2.item() > 0.5 else 0.3


class Branching(Mix):
    def alpha_at(self, signals):
        return 0.9 if signals.grad_l2 > signals.grad_mgiou else 0.3


class BesideAnotherDevice(Mix):
    def alpha_at(self, signals):
        return torch.stack((torch.tensor(0.5), signals.loss_l2)).mean().clamp(0, 1)


class CountingEmptyBatches(Mix):
    def observe(self, signals):
        return {"n": signals.state.get("n", torch.tensor(0.0)) + 1}

    def alpha_at(self, signals):
        return 1 / (1 + signals.state["n"])


class SameAsStatic(Mix):
    def alpha_at(self, signals):
        return 0.8


class MissingItsEnd(Mix):
    def alpha_at(self, signals):
        return 1 - 0.9 * signals.progress

    def end_points(self):
        return 1.0, 0.0


class LateStages(SameAsStatic):
    def stages(self):
        return (Stage(0.7), Stage(0.2))


class OfTwentyEpochs(Mix):
    def alpha_at(self, signals):
        return [0.1 + 0.04 * epoch for epoch in range(20)][signals.epoch]


class FallingByTheEpoch(Mix):
    def alpha_at(self, signals):
        return 1 - 0.05 * signals.epoch


class ReachingTheEnd(Mix):
    def alpha_at(self, signals):
        return 0.5 + 0.4 * signals.epoch / (signals.epochs - 1)


class WithoutForms(Strategy):
    forms = ()

    def weights(self, signals):
        return 0.25, 0.75


class WithoutAComma(SameAsStatic):
    forms = "centred"


class OfUnknownRole(SameAsStatic):
    role = "escape"


class OfNobody(SameAsStatic):
    role, about = "control", "of"


class Dividing(Strategy):
    def weights(self, signals):
        return signals.grad_mgiou / signals.grad_l2, 1.0


class WithDimensions(Mix):
    def alpha_at(self, signals):
        return torch.full((1,), 0.4)


class RememberingElsewhere(Mix):
    kept = {}  # noqa: RUF012

    def alpha_at(self, signals):
        if signals.epoch == 0:
            self.kept.clear()
        seen = self.kept.setdefault(signals.epoch, float(signals.loss_l2))
        return 0.5 * self.kept.get(signals.epoch - 1, seen)


class SeeingTheSeed(Mix):
    def alpha_at(self, signals):
        return 0.2 if torch.initial_seed() % 2 else 0.8


@pytest.mark.parametrize(
    ("cls", "check"),
    [
        (OfTwentyEpochs, "weights_are_usable"),
        (FallingByTheEpoch, "weights_are_usable"),
        (ReachingTheEnd, "weights_are_usable"),
        (WithoutForms, "forms_are_known"),
        (WithoutAComma, "forms_are_known"),
        (OfUnknownRole, "role_is_known"),
        (OfNobody, "role_is_known"),
        (Dividing, "gradients_may_vanish"),
        (WithDimensions, "weights_are_usable"),
        (RememberingElsewhere, "state_survives"),
        (SeeingTheSeed, "weights_are_pure"),
        (Negative, "weights_are_usable"),
        (BothZero, "weights_are_usable"),
        (Remembering, "weights_are_pure"),
        (WritingState, "weights_are_pure"),
        (WritingALoss, "weights_are_pure"),
        (WritingTheGram, "weights_are_pure"),
        (AveragingInPlace, "weights_are_pure"),
        (AveragingInPlace, "empty_batches_change_nothing"),
        (AveragingALossInPlace, "weights_are_pure"),
        (KeepingANumber, "state_survives"),
        (KeepingANumber, "steps_do_not_wait"),
        (AskingForAValue, "steps_do_not_wait"),
        (Branching, "steps_do_not_wait"),
        (BesideAnotherDevice, "steps_do_not_wait"),
        (CountingEmptyBatches, "empty_batches_change_nothing"),
        (SameAsStatic, "no_other_does_the_same"),
        (MissingItsEnd, "end_points_are_hit"),
        (LateStages, "stages_lie_within_the_run"),
    ],
)
def test_a_strategy_that_breaks_the_contract_is_told_how(cls, check):
    with registered(type(cls.__name__, (cls,), {"__annotations__": {}})) as made:
        assert "\n" not in contract.failures(made())[check]


@pytest.mark.parametrize(
    ("cls", "check", "told"),
    [
        (WritingState, "weights_are_pure", "observe() wrote into signals.state; make new tensors and a new mapping"),
        (WritingALoss, "weights_are_pure", "observe() wrote into signals.loss_l2;"),
        (WritingTheGram, "weights_are_pure", "weights() wrote into signals.gram;"),
        (AveragingInPlace, "weights_are_pure", "observe() wrote into signals.state;"),
        (KeepingANumber, "state_survives", "its state holds average, a float; keep tensors"),
        (
            AskingForAValue,
            "steps_do_not_wait",
            "it needs a tensor's value, or one on another device, in a step (Tensor",
        ),
    ],
)
def test_what_breaks_it_is_named(cls, check, told):
    with registered(type(cls.__name__, (cls,), {})) as made:
        assert contract.failures(made())[check].startswith(told)


UNUSABLE = [(0, 0), (-0.5, 1), (1, float("nan")), (float("inf"), 1), (None, 1), ("1", 1), (1,), (1, 1, 1)]


@pytest.mark.parametrize("weights", UNUSABLE, ids=repr)
def test_what_is_unusable_is_refused_alike_wherever_it_is_met(weights):
    """When a strategy is built, when it is held to its contract, and in the list of a control."""

    class Giving(Strategy):
        def weights(self, signals):
            return weights

    with registered(Giving) as made:
        with pytest.raises(strategies.StrategyError, match=r"must return|must be finite"):
            strategies.build("test-only")
        assert "weights_are_usable" in contract.failures(made())
    with pytest.raises(strategies.StrategyError, match="trajectory"):
        strategies.build("control-replay", {"trajectory": (weights,)})


@pytest.mark.parametrize("weights", [(0, 1), (1e-30, 0.0), (True, 2)], ids=repr)
def test_what_is_usable_is_taken_alike(weights):
    class Giving(Strategy):
        def weights(self, signals):
            return weights

    with registered(Giving) as made:
        assert strategies.build("test-only") == made()
        assert "weights_are_usable" not in contract.failures(made())
    assert strategies.build("control-replay", {"trajectory": (weights,)}).trajectory == (weights,)


@pytest.mark.parametrize("normalization", ["none", "constant", "loss-ema", "gradient"])
@given(l2=st.floats(0, 1e6), mgiou=st.floats(0, 1), g1=st.floats(0, 1e6), g2=st.floats(0, 1e6), cos=st.floats(-1, 1))
def test_weights_stay_finite_whatever_the_signals(normalization, l2, mgiou, g1, g2, cos):
    mix = strategies.build("static", {"normalization": normalization})
    gram = torch.tensor([[g1 * g1, cos * g1 * g2], [cos * g1 * g2, g2 * g2]])
    signals = Signals(0, 2, torch.tensor(l2), torch.tensor(mgiou), gram, {})
    signals = dataclasses.replace(signals, state=mix.observe(signals))
    assert all(math.isfinite(float(w)) and float(w) >= 0 for w in mix.weights(signals))


class Window(Mix):
    """Remembers its last losses in one tensor, and is not sure of the first."""

    def observe(self, signals):
        old = signals.state.get("losses", signals.loss_l2.new_full((5,), float("nan")))
        return {"losses": torch.where(signals.gram.sum() > 0, torch.cat((old[1:], signals.loss_l2[None])), old)}

    def alpha_at(self, signals):
        return signals.state["losses"].nanmean().clamp(0.1, 0.9)


class InSinglePrecision(Mix):
    def alpha_at(self, signals):
        return torch.tensor(0.9) - torch.tensor(0.6) * signals.progress

    def end_points(self):
        return 0.9, 0.3


@pytest.mark.parametrize("cls", [Window, InSinglePrecision])
def test_a_strategy_that_keeps_the_contract_in_its_own_way_passes(cls):
    with registered(type(cls.__name__, (cls,), {"__annotations__": {}})) as made:
        assert contract.failures(made()) == {}


@pytest.mark.parametrize("gone", [0, 1])
def test_a_norm_of_nothing_is_no_beginning_of_its_average(gone):
    """In a first step without one of the gradients, the other must not be scaled by what was never measured."""
    mix = strategies.build("static", {"alpha": 0.5, "normalization": "gradient"})
    state = {}
    for step in range(3):
        gram = torch.eye(2)
        if step == 0:
            gram[gone, gone] = 0
        signals = Signals(0, 2, torch.tensor(0.5), torch.tensor(0.5), gram, state)
        state = mix.observe(signals)
        weights = [float(w) for w in mix.weights(dataclasses.replace(signals, state=state))]
    assert weights == pytest.approx([0.5, 0.5])


def test_only_alpha_and_a_name_make_a_mix():
    class Half(Mix):
        share: float = 0.5

        def alpha_at(self, signals):
            return self.share

    with registered(Half):
        assert strategies.parse("test-only[share=0.25]")[0].label == "test-only[share=0.25]"
        assert contract.failures(strategies.build("test-only")) == {}
        with pytest.raises(strategies.StrategyError, match="registered twice"):
            strategies.register("test-only")(Half)


def test_a_stage_begins_with_the_first_epoch_that_has_reached_it():
    assert Stage(0.7).first_epoch(10) == 7
    assert Stage(0.7).first_epoch(4) == 3
    assert Stage(0.99).first_epoch(4) == 4
    assert Stage(0.7, after=0.3).first_epoch(48) == 15 + 24  # of the 33 epochs that are left
    assert Stage(0.7, after=0.3).share == pytest.approx(0.79)


@pytest.mark.parametrize("by", ["two-stage-70", "two-stage-90", "two-stage-70-restart"])
@pytest.mark.parametrize("at", [0.2, 0.3])
def test_a_rescues_stages_begin_where_its_weights_change(by, at):
    rescue = strategies.build("rescue", {"by": by, "at": at})
    for epochs in range(3, 300):
        begins = rescue.stages()[1].first_epoch(epochs)
        zero = torch.tensor(0.0)
        l2 = [rescue.weights(Signals(epoch, epochs, zero, zero, torch.eye(2)))[0] for epoch in range(epochs)]
        last = max((epoch for epoch, weight in enumerate(l2) if weight), default=None)
        if last is not None and begins < epochs:
            assert begins == last + 1


def test_every_schedule_promises_its_end_points():
    promised = {name: strategies.build(name).end_points() for name in strategies.names(core=True)}
    assert {name for name, points in promised.items() if points is None} == {"l2", "mgiou", "mgiou-centred", "adaptive"}
    assert promised["cosine"] == (1.0, 0.2)
    assert promised["exponential"] == pytest.approx((0.9, 0.9 * math.exp(-5)))
