"""What is left of a strategy when one of its virtues is taken away. `run --controls` plans these from recorded runs.

A control plays weights from a list, whatever the run does. Next to its strategy it tells what made the difference:
just that mix (`averaged`), its timing (`shuffled`), or that it followed the run (`replayed`).
"""

from __future__ import annotations

from typing import ClassVar

from strategies.base import Strategy, Weight
from strategies.errors import StrategyError
from strategies.registry import parse_one, register
from strategies.signals import Signals
from strategies.source import joined
from strategies.stage import Stage
from strategies.usable import check_weights


class Control(Strategy):
    """Plays `trajectory`, (w_l2, w_mgiou) by epoch, stretched over the run. The strategy's own stages stay."""

    of: str = "cosine"
    trajectory: tuple = ((0.5, 0.5),)

    drawn: ClassVar[tuple[str, ...]] = ("trajectory",)
    role: ClassVar[str] = "control"
    about: ClassVar[str] = "of"
    what: ClassVar[str] = ""

    def weights(self, signals: Signals) -> tuple[Weight, Weight]:
        """Return the epoch's entry."""
        return self.trajectory[signals.epoch * len(self.trajectory) // signals.epochs]

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages of the strategy it is a control of: only the weights are changed."""
        return parse_one(self.of).stages()

    def source_digest(self) -> str | None:
        """Return that of the strategy it is a control of too, whose stages and weights it has."""
        return joined(self.own_source, parse_one(self.of).source_digest())

    @property
    def label(self) -> str:
        """The strategy's label and what became of it."""
        return f"{self.of}: {self.what}"

    def validate(self) -> None:
        """Refuse a strategy that does not exist, and a list that holds no weights."""
        parse_one(self.of)
        try:
            for pair in self.trajectory or [()]:  # an empty list plays no weights either
                check_weights(pair, "in the list")
        except StrategyError:
            raise StrategyError(
                f"{self.name}: trajectory must be pairs of weights, finite, not negative, not both zero"
            ) from None


@register("control-average", core=False)
class Average(Control):
    """A strategy's weights averaged over its run: just that mix."""

    what: ClassVar[str] = "averaged"


@register("control-shuffle", core=False)
class Shuffle(Control):
    """A strategy's weights in random order: the same weights without their timing."""

    what: ClassVar[str] = "shuffled"


@register("control-replay", core=False)
class Replay(Control):
    """A strategy's weights as recorded in the run of another seed: its timing without following this run."""

    what: ClassVar[str] = "replayed"
