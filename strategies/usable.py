"""Which weights a run can use: one rule for strategies that are built, held to their contract or played from a list."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from torch import Tensor

from strategies.base import Strategy
from strategies.errors import StrategyError
from strategies.signals import Signals


def check_weights(weights: Any, where: str) -> None:
    """Refuse weights that no run could use.

    Args:
        weights: what `Strategy.weights` returned. Usable are two numbers or 0-dim tensors, (w_l2, w_mgiou), finite, not
            negative and not both zero.
        where: in a run they are, for the message.

    Raises:
        StrategyError: they are something else.
    """
    if not isinstance(weights, tuple | list) or len(weights) != 2 or not all(map(_is_number, weights)):
        raise StrategyError(
            f"weights() returns {weights!r}; it must return (w_l2, w_mgiou), each a number or a 0-dim tensor"
        )
    values = [float(w) for w in weights]
    if not all(math.isfinite(w) and w >= 0 for w in values) or not any(values):
        told = ", ".join(f"{w:g}" for w in values)
        raise StrategyError(
            f"its weights (L2, MGIoU) are ({told}) {where}; they must be finite, not negative and not both zero"
        )


def check_step(strategy: Strategy, signals: Signals, where: str) -> None:
    """Refuse what a strategy does in one step when its weights are not usable, or its alpha does not lie in [0, 1].

    Args:
        strategy: to ask.
        signals: of the step, with the state after `observe`.
        where: as in `check_weights`.

    Raises:
        StrategyError: one of them is something else.
    """
    check_weights(strategy.weights(signals), where)
    alpha = strategy.alpha_at(signals)
    if not _is_number(alpha):
        raise StrategyError(f"alpha_at() returns {alpha!r}; it must return a number or a 0-dim tensor")
    if not 0 <= float(alpha) <= 1:
        raise StrategyError(f"its alpha is {float(alpha):g} {where}; it must lie between 0 and 1")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) or (isinstance(value, Tensor) and value.dim() == 0)
