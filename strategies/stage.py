"""A part of a run that begins differently from how the one before it ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """What happens when a later stage of a run begins. Just before it, AP is measured and the weights are kept.

    Attributes:
        at: share of the run at which it begins, in (0, 1).
        restart: train as if a new run began from the averaged weights so far: fresh optimiser, learning-rate schedule
            over what is left of the run, and warm-up.
        lr: factor on the learning rate, over 0.
        after: share of the run at which another stage begins that this one is part of: `at` is then a share of what is
            left from that one's first epoch on.
    """

    at: float
    restart: bool = False
    lr: float = 1.0
    after: float = 0.0

    @property
    def share(self) -> float:
        """Share of the whole run at which it begins."""
        return self.after + (1 - self.after) * self.at

    @property
    def only_marks(self) -> bool:
        """Whether training goes on at its beginning as if there were no stage."""
        return not self.restart and self.lr == 1.0

    def first_epoch(self, epochs: int) -> int:
        """Return the first epoch, from 0, whose progress has reached `at`."""
        before = Stage(self.after).first_epoch(epochs) if self.after else 0
        left = epochs - before
        return before + next((epoch for epoch in range(left) if epoch / left >= self.at), left)
