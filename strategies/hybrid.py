"""The schedule of `bench.losses.HybridPolygonLoss` as a strategy."""

from __future__ import annotations

import math
from typing import ClassVar

from strategies.base import Mix, Weight
from strategies.errors import StrategyError
from strategies.registry import register
from strategies.signals import Signals


@register("hybrid", core=False)
class Hybrid(Mix):
    """L2 weight goes from `start` to `end` along `schedule`; gradients are normalised unless told otherwise.

    `cosine` and `linear` are those of that name; `step` has three levels (`start` until p = 0.5, the mean until 0.75,
    then `end`); `exponential` is start · (end / start)^p. `python -m bench train use_hybrid_loss=True` trains with it.
    """

    schedule: str = "cosine"
    start: float = 0.9
    end: float = 0.2
    normalization: str = "gradient"

    SCHEDULES: ClassVar[tuple[str, ...]] = ("cosine", "linear", "step", "exponential")

    def alpha_at(self, signals: Signals) -> Weight:
        """Return the point on the schedule."""
        start, end, p = self.start, self.end, signals.progress
        if self.schedule == "cosine":
            return end + (start - end) * (1 + math.cos(math.pi * p)) / 2
        if self.schedule == "linear":
            return start + (end - start) * p
        if self.schedule == "step":
            return start if p < 0.5 else (start + end) / 2 if p < 0.75 else end
        return start * (end / start) ** p

    def end_points(self) -> tuple[float, float]:
        """Return `start` and `end`."""
        return self.start, self.end

    def validate(self) -> None:
        """Refuse an unknown schedule, alpha outside [0, 1], and an exponential that begins or ends at 0."""
        super().validate()
        if self.schedule not in self.SCHEDULES:
            raise StrategyError(
                f"hybrid: schedule={self.schedule!r} is unknown; use one of {', '.join(self.SCHEDULES)}"
            )
        self.refuse_no_share("start", "end")
        if self.schedule == "exponential" and not (self.start > 0 and self.end > 0):
            raise StrategyError("hybrid: an exponential schedule never leaves or reaches 0; use start and end above 0")
