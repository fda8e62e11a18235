"""Mixes that depend on the epoch alone. p is the share of the run that is over."""

from __future__ import annotations

import math

from strategies.base import Mix, Weight
from strategies.errors import StrategyError
from strategies.registry import register
from strategies.signals import Signals


@register("linear")
class Linear(Mix):
    """L2 weight falls on a straight line from `start` to `end`: alpha = start + (end - start) p."""

    start: float = 1.0
    end: float = 0.0

    def alpha_at(self, signals: Signals) -> Weight:
        """Return the point on the line."""
        return self.start + (self.end - self.start) * signals.progress

    def end_points(self) -> tuple[float, float]:
        """Return `start` and `end`."""
        return self.start, self.end

    def validate(self) -> None:
        """Refuse an alpha that is no share."""
        super().validate()
        self.refuse_no_share("start", "end")


@register("cosine")
class Cosine(Mix):
    """L2 weight falls from `start` to `end` along half a cosine: alpha = end + (start - end)(1 + cos πp) / 2.

    Source: the learning-rate schedule of Loshchilov & Hutter 2017, SGDR, arXiv 1608.03983, eq. 5.
    """

    start: float = 1.0
    end: float = 0.2

    def alpha_at(self, signals: Signals) -> Weight:
        """Return the point on the half cosine."""
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * signals.progress)) / 2

    def end_points(self) -> tuple[float, float]:
        """Return `start` and `end`."""
        return self.start, self.end

    def validate(self) -> None:
        """Refuse an alpha that is no share."""
        super().validate()
        self.refuse_no_share("start", "end")


@register("step")
class Step(Mix):
    """L2 weight `start` before the share `at` of the run, `end` after it."""

    start: float = 0.9
    end: float = 0.3
    at: float = 0.5

    def alpha_at(self, signals: Signals) -> Weight:
        """Return the level of this epoch."""
        return self.start if signals.progress < self.at else self.end

    def end_points(self) -> tuple[float, float]:
        """Return `start` and `end`."""
        return self.start, self.end

    def validate(self) -> None:
        """Refuse an alpha that is no share, and a step outside the run."""
        super().validate()
        self.refuse_no_share("start", "end")
        if not 0 < self.at < 1:
            raise StrategyError(f"{self.name}: at={self.at:g} must lie between 0 and 1")


@register("exponential")
class Exponential(Mix):
    """L2 weight decays from `start`: alpha = start · exp(-rate · p), 0.9 exp(-0.05 epoch) over 100 epochs."""

    start: float = 0.9
    rate: float = 5.0

    def alpha_at(self, signals: Signals) -> Weight:
        """Return the decayed weight."""
        return self.start * math.exp(-self.rate * signals.progress)

    def end_points(self) -> tuple[float, float]:
        """Return `start`, and what `rate` leaves of it."""
        return self.start, self.start * math.exp(-self.rate)

    def validate(self) -> None:
        """Refuse an alpha that is no share, and one that grows."""
        super().validate()
        self.refuse_no_share("start")
        if self.rate < 0:
            raise StrategyError(f"{self.name}: rate={self.rate:g} must be at least 0")
