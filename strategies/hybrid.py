"""The strategy of `bench.losses.HybridPolygonLoss`, a drop-in for other training loops."""

from __future__ import annotations

from typing import ClassVar

from strategies.errors import StrategyError
from strategies.registry import register
from strategies.scheduled import Transition, half_cosine, line


def three_levels(start: float, end: float, p: float) -> float:
    """Return `start` until p = 0.5, the mean until 0.75, then `end`."""
    return start if p < 0.5 else (start + end) / 2 if p < 0.75 else end


def geometric(start: float, end: float, p: float) -> float:
    """Return the point at p on the exponential from `start` to `end`, both positive."""
    return start * (end / start) ** p


_SCHEDULES = {"cosine": half_cosine, "linear": line, "step": three_levels, "exponential": geometric}


@register("hybrid", core=False)
class Hybrid(Transition):
    """L2 weight goes from `start` to `end` along `schedule`; gradients are normalised unless told otherwise.

    `cosine` and `linear` are those of that name; `step` has three levels (`start` until p = 0.5, the mean until 0.75,
    then `end`); `exponential` is start · (end / start)^p. `python -m bench train use_hybrid_loss=True` trains with it.
    """

    schedule: str = "cosine"
    start: float = 0.9
    end: float = 0.2
    normalization: str = "gradient"

    SCHEDULES: ClassVar[tuple[str, ...]] = tuple(_SCHEDULES)

    def alpha_after(self, p: float) -> float:
        """Return the point on the schedule."""
        return _SCHEDULES[self.schedule](self.start, self.end, p)

    def validate(self) -> None:
        """Refuse an unknown schedule, alpha outside [0, 1], and an exponential that begins or ends at 0."""
        if self.schedule not in self.SCHEDULES:
            raise StrategyError(
                f"hybrid: schedule={self.schedule!r} is unknown; use one of {', '.join(self.SCHEDULES)}"
            )
        super().validate()
        if self.schedule == "exponential" and not (self.start > 0 and self.end > 0):
            raise StrategyError("hybrid: schedule='exponential' never leaves or reaches 0; use start and end > 0")
