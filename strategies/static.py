"""A mix that never changes."""

from __future__ import annotations

from strategies.base import Mix, Weight
from strategies.registry import register
from strategies.signals import Signals


@register("static")
class Static(Mix):
    """The same mix from the first epoch to the last: `alpha` of L2, 1 - `alpha` of MGIoU."""

    alpha: float = 0.8

    def alpha_at(self, signals: Signals) -> Weight:
        """Return `alpha`."""
        return self.alpha

    def end_points(self) -> tuple[float, float]:
        """Return `alpha` twice."""
        return self.alpha, self.alpha

    def validate(self) -> None:
        """Refuse an alpha that is no share."""
        super().validate()
        self.refuse_no_share("alpha")
