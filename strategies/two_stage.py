"""L2 first, MGIoU after."""

from __future__ import annotations

from strategies.base import Strategy, Weight
from strategies.registry import register
from strategies.signals import Signals


class TwoStage(Strategy):
    """L2 alone before the share `switch` of the run, MGIoU alone after it."""

    switch: float = 0.5

    def weights(self, signals: Signals) -> tuple[Weight, Weight]:
        """Return (1, 0) in the first stage, (0, 1) in the second."""
        return (1.0, 0.0) if signals.progress < self.switch else (0.0, 1.0)


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
