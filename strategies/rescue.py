"""The escape test: a detector that MGIoU has spoilt, handed to a strategy."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from strategies.base import Strategy, Weight
from strategies.errors import StrategyError
from strategies.registry import parse_one, register
from strategies.signals import Signals, State
from strategies.source import joined
from strategies.stage import Stage
from strategies.text import written


@register("rescue", core=False)
class Rescue(Strategy):
    """MGIoU alone before the share `at` of the run; then strategy `by`, for which a run begins there."""

    by: str = "cosine"
    at: float = 0.3

    forms: ClassVar[tuple[str, ...]] = ("centred",)  # the form that has a state to be rescued from
    role: ClassVar[str] = "rescue"
    about: ClassVar[str] = "by"

    def observe(self, signals: Signals) -> State:
        """Keep what `by` keeps, from where it begins."""
        return self._inner.observe(self._inside(signals)) if self._begun(signals) else signals.state

    def weights(self, signals: Signals) -> tuple[Weight, Weight]:
        """Return (0, 1), then the weights of `by`."""
        return self._inner.weights(self._inside(signals)) if self._begun(signals) else (0.0, 1.0)

    def alpha_at(self, signals: Signals) -> Weight:
        """Return 0, then the alpha of `by`."""
        return self._inner.alpha_at(self._inside(signals)) if self._begun(signals) else 0.0

    def stages(self) -> tuple[Stage, ...]:
        """Return the rescue, then the stages of `by`."""
        return Stage(self.at), *(replace(stage, after=self.at) for stage in self._inner.stages())

    def source_digest(self) -> str | None:
        """Return that of `by` too."""
        return joined(self.own_source, self._inner.source_digest())

    @property
    def label(self) -> str:
        """`rescue[by=cosine]`; `by` is always told."""
        by = written(self.by)
        return f"rescue[by={by}]" if self.at == type(self).at else f"rescue[at={written(self.at)},by={by}]"

    def validate(self) -> None:
        """Refuse a strategy that does not exist, and a start outside the run."""
        if not 0 < self.at < 1:
            raise StrategyError(f"{self.name}: at={self.at:g} must lie between 0 and 1")
        if isinstance(self._inner, Rescue):
            raise StrategyError(f"{self.name}: by={self.by} is a rescue itself; name the strategy that rescues")

    @property
    def _inner(self) -> Strategy:
        return parse_one(self.by)

    def _begun(self, signals: Signals) -> bool:
        return signals.epoch >= self._first(signals)

    def _inside(self, signals: Signals) -> Signals:
        first = self._first(signals)
        return replace(signals, epoch=signals.epoch - first, epochs=signals.epochs - first)

    def _first(self, signals: Signals) -> int:
        return Stage(self.at).first_epoch(signals.epochs)
