"""Mixes that depend on the epoch alone. p is the share of the run that is over."""

from __future__ import annotations

import math

from strategies.base import Mix, Weight
from strategies.errors import StrategyError
from strategies.registry import register
from strategies.signals import Signals


def line(start: float, end: float, p: float) -> float:
    """Return the point at p on the straight line from `start` to `end`."""
    return start + (end - start) * p


def half_cosine(start: float, end: float, p: float) -> float:
    """Return the point at p on the half cosine from `start` to `end`."""
    return end + (start - end) * (1 + math.cos(math.pi * p)) / 2


class Transition(Mix):
    """A mix whose alpha goes from `start` to `end`. A subclass declares these two and overrides `alpha_after`.

    They are declared there and not here because a parameter's place in labels and records is that of its declaration.
    """

    def alpha_after(self, p: float) -> float:
        """Return alpha when the share `p` of the run is over, in [0, 1]."""
        raise NotImplementedError("override alpha_after(self, p), which returns the weight of L2")

    def alpha_at(self, signals: Signals) -> Weight:
        """Return alpha at the beginning of the epoch."""
        return self.alpha_after(signals.progress)

    def end_points(self) -> tuple[float, float]:
        """Return `start` and `end`."""
        return self.start, self.end  # type: ignore[attr-defined]

    def validate(self) -> None:
        """Refuse an alpha that is no share."""
        super().validate()
        self.refuse_no_share("start", "end")


@register("linear")
class Linear(Transition):
    """L2 weight falls on a straight line from `start` to `end`: alpha = start + (end - start) p."""

    start: float = 1.0
    end: float = 0.0

    def alpha_after(self, p: float) -> float:
        """Return the point on the line."""
        return line(self.start, self.end, p)


@register("cosine")
class Cosine(Transition):
    """L2 weight falls from `start` to `end` along half a cosine: alpha = end + (start - end)(1 + cos πp) / 2.

    Source: the learning-rate schedule of Loshchilov & Hutter 2017, SGDR, arXiv 1608.03983, eq. 5.
    """

    start: float = 1.0
    end: float = 0.2

    def alpha_after(self, p: float) -> float:
        """Return the point on the half cosine."""
        return half_cosine(self.start, self.end, p)


@register("step")
class Step(Transition):
    """L2 weight `start` before the share `at` of the run, `end` after it."""

    start: float = 0.9
    end: float = 0.3
    at: float = 0.5

    def alpha_after(self, p: float) -> float:
        """Return the level of this epoch."""
        return self.start if p < self.at else self.end

    def validate(self) -> None:
        """Refuse an alpha that is no share, and a step outside the run."""
        super().validate()
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
