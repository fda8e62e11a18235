"""What is known of a strategy's weights before the run: whatever it does with what a run tells, it is noticed."""

from __future__ import annotations

import contextlib
import copy
import math

import numpy as np
import pytest
import torch

from strategies import Mix, Strategy, open_loop_prefix, open_loop_weights


class Watching(Strategy):
    """L2 alone for two epochs; then it asks the run, and falls back on a constant where that fails."""

    def __init__(self, ask, net) -> None:
        self.ask, self.net = ask, net

    def weights(self, signals):
        alpha = 0.5
        if signals.epoch >= 2:
            with contextlib.suppress(self.net):
                alpha = float(self.ask(signals))
        return (1.0, 0.0) if signals.epoch < 2 else (alpha, 1 - alpha)


ASKING = {
    "arithmetic": lambda s: 1 - s.loss_l2,
    "float": lambda s: float(s.loss_mgiou),
    "comparison": lambda s: 0.9 if s.loss_l2 < 0.1 else 0.3,
    "truth": lambda s: 0.9 if s.state else 0.3,
    "look-up": lambda s: s.state["r"],
    "method": lambda s: s.state.get("r", 0.5),
    "property": lambda s: s.grad_l2,
    "torch": lambda s: torch.sigmoid(s.loss_l2),
    "torch, several": lambda s: torch.stack([s.loss_l2, s.loss_mgiou]).mean(),
    "torch, by name": lambda s: torch.clamp(input=s.loss_l2, max=0.5),
    "rounding": lambda s: round(s.loss_l2),
    "rounding down": lambda s: math.floor(s.loss_l2),
    "whole division": lambda s: s.loss_l2 // 0.1,
    "division of": lambda s: 1 // s.loss_l2,
    "remainder": lambda s: s.loss_l2 % 0.1,
    "both": lambda s: divmod(s.loss_l2, 0.1)[0],
    "power of": lambda s: 2**s.loss_l2,
    "product": lambda s: (s.gram @ s.gram)[0, 0],
    "product of": lambda s: (torch.eye(2) @ s.gram)[0, 0],
    "logic": lambda s: 0.9 if (s.loss_l2 > 0.1) & (s.gram[0, 0] > 0) else 0.3,
    "not": lambda s: ~s.loss_l2,
    "sign": lambda s: +s.loss_l2,
    "whole number": lambda s: int(s.loss_l2),
    "index": lambda s: [0.3, 0.9][s.loss_l2],
    "text": lambda s: f"{s.loss_l2:.1f}",
    "text in full": lambda s: str(s.loss_l2),
    "copy": lambda s: copy.deepcopy(s.loss_l2),
    "numpy": lambda s: np.asarray(s.loss_l2),
    "numpy, several": lambda s: np.mean([s.loss_l2, s.loss_mgiou]),
    "maths": lambda s: math.sqrt(s.loss_l2),
    "greatest": lambda s: max(s.loss_l2, 0.5),
    "writing": lambda s: s.state.update(n=1),
    "writing an entry": lambda s: s.state.__setitem__("n", 1),
    "type": lambda s: 0.9 if isinstance(s.loss_l2, torch.Tensor) else 0.3,
}


@pytest.mark.parametrize("net", [(), Exception, BaseException], ids=["no net", "Exception", "BaseException"])
@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING.keys())
def test_a_strategy_that_looks_at_the_run_depends_on_it_whatever_it_catches(ask, net):
    strategy = Watching(ask, net)
    assert open_loop_prefix(strategy, 6) == [(1.0, 0.0)] * 2
    assert open_loop_weights(strategy, 6) is None


def test_what_is_handed_on_and_not_used_costs_nothing():
    class Blind(Mix):
        def alpha_at(self, signals):
            return 1 - signals.progress

    assert open_loop_weights(Blind(), 4) == [(1.0, 0.0), (0.75, 0.25), (0.5, 0.5), (0.25, 0.75)]
