"""What of a strategy a run can use: one rule for those that are built, held to their contract or played from a list."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from torch import Tensor

from strategies.base import Strategy
from strategies.errors import StrategyError
from strategies.signals import Signals
from strategies.stage import Stage


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


def check_forms(strategy: Strategy) -> None:
    """Refuse forms that there are not.

    Raises:
        StrategyError: `forms` is something else than a tuple of them; of one, `("paper")` is none.
    """
    if not isinstance(strategy.forms, tuple) or not all(form in ("paper", "centred") for form in strategy.forms):
        raise StrategyError(f"forms is {strategy.forms!r}; it must be a tuple, ('paper',), ('centred',), both or empty")


def check_stages(strategy: Strategy) -> None:
    """Refuse stages that no run could have.

    Raises:
        StrategyError: `stages` returns something else than a tuple of `Stage` in order, each within the run and with a
            learning rate that learns.
    """
    stages = strategy.stages()
    if not isinstance(stages, tuple | list) or not all(isinstance(stage, Stage) for stage in stages):
        raise StrategyError(f"stages() returns {stages!r}; it must return a tuple of stages, as in (Stage(0.5),)")
    at = [stage.share for stage in stages]
    if at != sorted(set(at)) or not all(0 < share < 1 for share in at):
        raise StrategyError(f"its stages begin at {at}; they must be in order, each between 0 and 1")
    for stage in stages:
        if not (stage.lr > 0 and math.isfinite(stage.lr)):
            raise StrategyError(f"its stage at {stage.share:g} has lr={stage.lr:g}; it must be positive")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) or (isinstance(value, Tensor) and value.dim() == 0)
