"""Later stages: what is kept before them, and how a restart differs from going on."""

from __future__ import annotations

import math

import pytest
import torch

from bench.detector.stages import stage_starts
from bench.detector.trainer import PolygonTrainer
from strategies import build

from .test_pairing import equal, train


class Rates(PolygonTrainer):
    """A trainer that keeps the learning rates and momenta of every batch, and the size of the optimiser's memory."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rates = []
        self.momenta = []
        self.remembers = []

    def optimizer_step(self):
        self.remembers.append(len(self.optimizer.state))
        super().optimizer_step()
        self.rates.append({g["param_group"]: g["lr"] for g in self.optimizer.param_groups})
        self.momenta.append([g["betas"][0] if "betas" in g else g["momentum"] for g in self.optimizer.param_groups])


def rates(job, folder):
    ends = []
    trainer = Rates(job, folder, lambda row: None, ends.append)
    trainer.run()
    return trainer, ends


def test_ap_and_weights_are_kept_before_the_second_stage(job, tmp_path):
    _, ends = rates(job("two-stage-50", epochs=4), tmp_path / "whole")
    (end,) = ends
    assert (end.number, end.epoch) == (1, 2)
    assert 0 <= end.metrics["mAP50_95"] <= 1
    # What is kept is what l2 has at that moment: the two have only gone separate ways since.
    _, other = rates(job("two-stage-50[restart=true]", epochs=4), tmp_path / "restart")
    assert equal(end.state_dict, other[0].state_dict)


def test_strategies_without_stages_keep_nothing(job, tmp_path):
    assert rates(job("cosine"), tmp_path)[1] == []


def test_the_first_stage_of_two_is_l2(job, tmp_path):
    a, rows_a, _ = train(job("l2", epochs=4), tmp_path / "a")
    b, rows_b, _ = train(job("two-stage-50", epochs=4), tmp_path / "b")
    drop = ("seconds",)
    for left, right in zip(rows_a[:2], rows_b[:2], strict=True):
        assert {k: v for k, v in left.items() if k not in drop} == {k: v for k, v in right.items() if k not in drop}
    assert not equal(a.state_dict, b.state_dict)


def test_a_restart_begins_a_schedule_and_an_optimiser_of_its_own(job, tmp_path):
    settings = {"epochs": 8, "warmup_epochs": 1.0, "lr0": 0.01, "lrf": 0.0}
    fresh, _ = rates(job("two-stage-50[restart=true]", **settings), tmp_path / "fresh")
    on, _ = rates(job("two-stage-50", **settings), tmp_path / "on")
    batches = 3
    first = 4 * batches
    assert fresh.rates[:first] == on.rates[:first]
    assert fresh.rates[first]["weight"] == 0.0  # warm-up from nothing
    assert fresh.rates[first + batches]["weight"] == pytest.approx(0.01 * (1 - 1 / 4))
    assert on.rates[first]["weight"] == pytest.approx(0.01 * (1 - 4 / 8))
    assert fresh.remembers[first] == 0
    assert on.remembers[first] > 0
    assert fresh.rates[-1]["weight"] == pytest.approx(0.01 * (1 - 3 / 4))


@pytest.mark.parametrize(("epochs", "warmup_epochs"), [(4, 3.0), (8, 0.0)])
def test_a_restart_without_epochs_to_warm_up_in_learns_from_the_first_batch(job, tmp_path, epochs, warmup_epochs):
    strategy = f"two-stage-50[restart=true,switch={1 - 1 / epochs}]"
    settings = {"epochs": epochs, "warmup_epochs": warmup_epochs, "lr0": 0.01, "lrf": 0.0}
    trainer, _ = rates(job(strategy, **settings), tmp_path)
    assert [one["weight"] for one in trainer.rates[-3:]] == pytest.approx([0.01] * 3)


@pytest.mark.parametrize(
    "settings",
    [{"warmup_bias_lr": 0.1}, {"optimizer": "auto", "momentum": 0.937}, {"optimizer": "SGD", "warmup_momentum": 0.5}],
    ids=["AdamW", "auto", "SGD"],
)
def test_a_restart_before_the_warm_up_is_over_is_as_a_new_training(job, tmp_path, settings):
    """Ultralytics goes on with the warm-up of the whole training, three epochs long."""
    restarted, _ = rates(job("two-stage-50[restart=true]", epochs=4, **settings), tmp_path / "restarted")
    new, _ = rates(job("mgiou", epochs=2, **settings), tmp_path / "new")
    assert new.rates[0]["weight"] == 0.0
    assert restarted.rates[-len(new.rates) :] == new.rates
    assert restarted.momenta[-len(new.momenta) :] == new.momenta


class Steps(PolygonTrainer):
    """A trainer that keeps the batches after which a step was taken."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.steps = []

    def optimizer_step(self):
        super().optimizer_step()
        if self.last_step == self.batches_seen:
            self.steps.append(self.batches_seen)


@pytest.mark.parametrize(
    ("epochs", "warmup_epochs", "steps"),
    [
        (6, 0.0, [3, 7, 12, 16]),  # the 9th batch waits, and is not of the new training
        (8, 2.0, [0, 2, 6, 10, 12, 14, 18, 22]),  # as in Ultralytics' own warm-up of the first stage
        (4, 3.0, [0, 1, 3, 6, 10]),  # before that warm-up is over: the second one has 1, 2, 3 and 4
    ],
)
def test_a_restart_gathers_batches_for_its_steps_as_a_new_training_does(job, tmp_path, epochs, warmup_epochs, steps):
    """Of 3 batches an epoch, 4 a step; 1, 2, 2, 2, 3, 4 and 4 in the second warm-up."""
    settings = {"epochs": epochs, "warmup_epochs": warmup_epochs, "nbs": 16}
    trainer = Steps(job("two-stage-50[restart=true]", **settings), tmp_path, lambda rows: None)
    trainer.run()
    assert trainer.steps == steps


def test_a_lower_rate_without_a_restart_scales_the_rest(job, tmp_path):
    settings = {"epochs": 4, "warmup_epochs": 0.0, "lr0": 0.01}
    plain, _ = rates(job("two-stage-50", **settings), tmp_path / "plain")
    slow, _ = rates(job("two-stage-50[stage2_lr=0.1]", **settings), tmp_path / "slow")
    for number, (a, b) in enumerate(zip(plain.rates, slow.rates, strict=True)):
        factor = 0.1 if number >= 6 else 1.0
        assert {k: v * factor for k, v in a.items()} == pytest.approx(b)


def test_a_restart_goes_on_from_the_averaged_weights(job, tmp_path):
    class Peeking(Rates):
        def _open_epoch(self):
            before = {k: v.clone() for k, v in self.ema.ema.state_dict().items()}
            super()._open_epoch()
            if self.epoch == 2:
                now = self.model.state_dict()
                self.same = all(torch.equal(before[k], now[k]) for k in before)
                self.average_is_fresh = self.ema.updates == 0

    trainer = Peeking(job("two-stage-50[restart=true]", epochs=4), tmp_path, lambda row: None)
    trainer.run()
    assert trainer.same
    assert trainer.average_is_fresh


@pytest.mark.parametrize(("switch", "epochs", "starts"), [(0.5, 4, [2]), (0.7, 10, [7]), (0.9, 3, []), (0.01, 10, [1])])
def test_a_stage_starts_within_the_run_or_not_at_all(switch, epochs, starts):
    found = stage_starts(build("two-stage-50", {"switch": switch}), epochs)
    assert list(found) == starts
    assert all(math.isfinite(stage.lr) for stage in found.values())
