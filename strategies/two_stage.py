"""L2 first, MGIoU after."""

from __future__ import annotations

from strategies.base import Strategy, Weight
from strategies.errors import StrategyError
from strategies.registry import register
from strategies.signals import Signals
from strategies.stage import Stage


class TwoStage(Strategy):
    """L2 alone before the share `switch` of the run, MGIoU alone after it.

    `restart` begins the second stage as a run of its own, from the first one's weights; `stage2_lr` is a factor on its
    learning rate.
    """

    switch: float = 0.5
    restart: bool = False
    stage2_lr: float = 1.0

    def weights(self, signals: Signals) -> tuple[Weight, Weight]:
        """Return (1, 0) in the first stage, (0, 1) in the second."""
        return (1.0, 0.0) if signals.progress < self.switch else (0.0, 1.0)

    def end_points(self) -> tuple[float, float]:
        """Return 1 and 0."""
        return 1.0, 0.0

    def stages(self) -> tuple[Stage, ...]:
        """Return the second stage."""
        return (Stage(self.switch, self.restart, self.stage2_lr),)

    def validate(self) -> None:
        """Refuse a switch outside the run, and a learning rate that does not learn."""
        if not 0 < self.switch < 1:
            raise StrategyError(f"{self.name}: switch={self.switch:g} must lie between 0 and 1")
        if not self.stage2_lr > 0:
            raise StrategyError(f"{self.name}: stage2_lr={self.stage2_lr:g} must be positive")


@register("two-stage-50")
class TwoStage50(TwoStage):
    """L2 for half of the run, then MGIoU."""

    switch: float = 0.5


@register("two-stage-70")
class TwoStage70(TwoStage):
    """L2 for 70 % of the run, then MGIoU."""

    switch: float = 0.7


@register("two-stage-90")
class TwoStage90(TwoStage):
    """L2 for 90 % of the run, then MGIoU."""

    switch: float = 0.9


@register("two-stage-70-restart")
class TwoStage70Restart(TwoStage):
    """L2 for 70 % of the run, then MGIoU as a run of its own: fresh optimiser, schedule and warm-up."""

    switch: float = 0.7
    restart: bool = True
