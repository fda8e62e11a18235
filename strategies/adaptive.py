"""A mix that follows the two gradients."""

from __future__ import annotations

import torch

from strategies.base import Mix, Weight
from strategies.errors import StrategyError
from strategies.registry import register
from strategies.signals import Signals, State, ema


@register("adaptive")
class Adaptive(Mix):
    """Three levels, chosen by r, the EMA of ‖∂MGIoU/∂v‖ / ‖∂L2/∂v‖: the weaker MGIoU's gradient, the more L2.

    alpha = `weak` where r < `low`, `strong` where r > `high`, `middle` between. `smoothing` is the decay of the
    EMA (0: the raw ratio of each step).

    The defaults are those people give, for an L2 whose gradients are a hundred times MGIoU's. That of this harness, of
    OKS' shape, has gradients of MGIoU's order: in the published runs r is above `high` in every epoch, so that alpha
    stayed at `strong`, and lies around 1 in the paper's form. Thresholds that tell steps apart lie around that.
    """

    smoothing: float = 0.9
    low: float = 0.01
    high: float = 0.1
    weak: float = 0.9
    middle: float = 0.7
    strong: float = 0.3

    def observe(self, signals: Signals) -> State:
        """Keep the EMA of the ratio."""
        measured = (signals.grad_l2 > 0) & (signals.gram.diagonal().sum() > 0)
        ratio = signals.grad_mgiou / signals.grad_l2.clamp_min(torch.finfo(signals.gram.dtype).tiny)
        averaged = ema(signals.state, "ratio", ratio, self.smoothing, measured)
        return {**super().observe(signals), "ratio": averaged}

    def alpha_at(self, signals: Signals) -> Weight:
        """Return the level for the current ratio; `middle` until there has been one."""
        ratio = signals.state["ratio"]
        level = torch.full_like(ratio, self.middle)
        level = torch.where(ratio < self.low, self.weak, level)
        return torch.where(ratio > self.high, self.strong, level)

    def validate(self) -> None:
        """Refuse thresholds out of order."""
        super().validate()
        self.refuse_no_share("weak", "middle", "strong")
        if not 0 <= self.low <= self.high:
            raise StrategyError(f"{self.name}: low={self.low:g} must lie between 0 and high={self.high:g}")
        if not 0 <= self.smoothing < 1:
            raise StrategyError(f"{self.name}: smoothing={self.smoothing:g} must be at least 0 and under 1")
