"""Each loss alone."""

from __future__ import annotations

from typing import ClassVar

from strategies.base import Strategy, Weight
from strategies.registry import register
from strategies.signals import Signals


@register("l2")
class L2(Strategy):
    """L2 alone: the reference every difference in the report is taken to."""

    forms: ClassVar[tuple[str, ...]] = ()
    role: ClassVar[str] = "loss"

    def weights(self, signals: Signals) -> tuple[Weight, Weight]:
        """Return (1, 0)."""
        return 1.0, 0.0


@register("mgiou")
class MGIoU(Strategy):
    """MGIoU alone, as in the paper.  Source: Le et al. 2025, arXiv 2504.16443."""

    forms: ClassVar[tuple[str, ...]] = ("paper",)
    role: ClassVar[str] = "loss"

    def weights(self, signals: Signals) -> tuple[Weight, Weight]:
        """Return (0, 1)."""
        return 0.0, 1.0


@register("mgiou-centred")
class MGIoUCentred(MGIoU):
    """MGIoU alone, each shape centred and scaled first, as a widely copied YOLO integration computes it."""

    forms: ClassVar[tuple[str, ...]] = ("centred",)
