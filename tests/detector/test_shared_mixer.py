"""Runs that are one training so far are held to it at every step."""

from __future__ import annotations

import pytest
import torch

import strategies
from bench.detector.mixer import Disagreement, Mixer, SharedMixer

SQUARE = torch.tensor([[[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]])


def step(*arms, epoch=0):
    """Take a step with some (strategy, form); return the gradient at the vertices."""
    mixers = [Mixer(strategies.parse(text)[0], form, 10) for text, form in arms]
    for mixer in mixers:
        mixer.epoch = epoch
    pred = (SQUARE * 1.25 + 0.5).requires_grad_()
    loss = (mixers[0] if len(mixers) == 1 else SharedMixer(mixers))(
        pred, SQUARE, torch.ones(1, 4, dtype=torch.bool), torch.tensor([16.0])
    )
    loss.backward()
    return pred.grad


def test_those_that_agree_train_as_one():
    assert torch.equal(step(("l2", None), ("two-stage-50", "paper"), ("two-stage-70", "centred")), step(("l2", None)))


@pytest.mark.parametrize(
    ("arms", "epoch"),
    [
        ([("l2", None), ("two-stage-50", "paper")], 5),
        ([("static", "paper"), ("static[alpha=0.7]", "paper")], 0),
        ([("static", "paper"), ("static", "centred")], 0),  # the same weights, to other losses
        ([("l2", None), ("adaptive", "paper")], 0),
    ],
)
def test_those_that_do_not_are_not_trained_on_with_the_first_ones_weights(arms, epoch):
    with pytest.raises(Disagreement, match=f"they part in epoch {epoch + 1}: {arms[0][0]}"):
        step(*arms, epoch=epoch)
