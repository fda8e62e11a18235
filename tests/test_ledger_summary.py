"""A run's history in a few numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.ledger import summarise
from strategies import Stage


def history(alphas, losses=None, aps=None):
    losses = losses or [1.0 - 0.01 * epoch for epoch in range(len(alphas))]
    return [
        {
            "epoch": epoch + 1,
            "alpha": alpha,
            "loss_l2": loss,
            "loss_mgiou": loss,
            "grad_l2": 2.0,
            "grad_mgiou": 1.0,
            **({"mAP50_95": aps[epoch], "full_image": 0.1} if aps and epoch in aps else {}),
        }
        for epoch, (alpha, loss) in enumerate(zip(alphas, losses, strict=True))
    ]


def wobbly(epochs, jump_at=None, jump=0.0):
    """Return losses that fall with a small wobble, and jump once."""
    return [
        1.0 - 0.005 * e + 0.01 * math.sin(2.4 * e) + (jump if jump_at is not None and e >= jump_at else 0.0)
        for e in range(epochs)
    ]


def test_means_and_ratio():
    found = summarise(history([0.2, 0.4]), 2)
    assert found["alpha"] == pytest.approx(0.3)
    assert found["grad_ratio"] == 2.0
    assert found["stages"] == 1
    assert found["restarts"] == 0
    assert "stage2_low_mAP50_95" not in found


def test_the_transition_is_where_alpha_changes_most():
    alphas = [0.9] * 15 + [0.3] * 15
    aps = {9: 0.5, 14: 0.6, 19: 0.55, 29: 0.7}
    found = summarise(history(alphas, wobbly(30, 15, 0.5), aps), 30)
    assert found["transition_epoch"] == 16
    assert found["transition_dip"] == pytest.approx(-0.05)
    assert found["transition_jump"] > 10
    assert found["loss_spikes"] == 1
    calm = summarise(history(alphas, wobbly(30), aps), 30)
    assert abs(calm["transition_jump"]) < 2
    assert calm["loss_spikes"] == 0


def test_weights_that_never_change_have_no_transition():
    assert not any(key.startswith("transition") for key in summarise(history([0.8] * 30), 30))


def test_the_lowest_ap_of_the_second_stage_leaves_out_the_measurement_before_it():
    aps = {9: 0.1, 13: 0.6, 19: 0.4, 29: 0.5}
    found = summarise(history([1.0] * 14 + [0.0] * 16, wobbly(30), aps), 30, [Stage(14 / 30, restart=True)])
    assert found["stage2_low_mAP50_95"] == 0.4
    assert (found["stages"], found["restarts"]) == (2, 1)


def test_the_lowest_ap_of_the_second_stage_is_no_lower_for_being_measured_more_often():
    rng = np.random.default_rng(0)
    every = {epoch: 0.5 + 0.01 * rng.standard_normal() for epoch in range(100)}
    seldom = {epoch: ap for epoch, ap in every.items() if epoch % 10 == 9}
    found = [
        summarise(history([1.0] * 50 + [0.0] * 50, wobbly(100), aps), 100, [Stage(0.5)])["stage2_low_mAP50_95"]
        for aps in (every, seldom)
    ]
    assert found[0] == found[1] > min(every.values())


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_run_that_diverged_has_a_summary_of_finite_numbers(bad):
    losses = wobbly(30)
    losses[20:] = [bad] * 10
    found = summarise(history([0.9] * 10 + [0.2] * 20, losses), 100, [Stage(0.5)])
    assert all(map(math.isfinite, found.values()))
    assert "transition_jump" not in found


@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_short_histories_say_what_they_can(epochs):
    found = summarise(history([0.5] * epochs), epochs)
    assert found["alpha"] == 0.5
    assert summarise([], 5) == {"stages": 1, "restarts": 0}
