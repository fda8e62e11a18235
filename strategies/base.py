"""The two bases a strategy builds on: `Strategy` chooses both weights, `Mix` chooses only alpha."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, ClassVar

import torch
from torch import Tensor

from strategies.errors import StrategyError
from strategies.signals import Signals, State, ema
from strategies.stage import Stage
from strategies.text import written

Weight = float | Tensor


class Strategy:
    """Chooses the weights of `w_l2 · L2 + w_mgiou · MGIoU` at every step. Nothing else depends on it.

    A subclass declares its parameters as annotated class attributes with a default (what a base has declared may be set
    by its value alone), is put under a name with `@register("name")` (which makes it a frozen, keyword-only dataclass)
    and overrides `weights`. What it must remember goes through `observe`. Both are pure: no attribute is ever written.

    Class attributes:
        forms: the MGIoU forms the strategy is meant for; the command line's `--mgiou` picks among them. Empty:
            the MGIoU term has no weight, so that one run serves every form.
        own_source: digest of the code of a strategy that does not come with this package (`strategies.source`); else
            None.
        drawn: parameters that are no choice of anyone's but data of one seed; they make no strategy of their own.
        role: one of `ROLES`, for whoever shows runs: nothing for a strategy to compare with others; `loss` for one of
            them that is one loss alone; `rescue` and `control` for an escape test and for what is left of a strategy,
            which stand outside the comparison.
        about: of the last two, the parameter that holds the label of the strategy they are about.
    """

    ROLES: ClassVar[tuple[str, ...]] = ("", "loss", "rescue", "control")

    name: ClassVar[str] = ""
    core: ClassVar[bool] = True
    own_source: ClassVar[str | None] = None
    forms: ClassVar[tuple[str, ...]] = ("paper", "centred")
    drawn: ClassVar[tuple[str, ...]] = ()
    role: ClassVar[str] = ""
    about: ClassVar[str] = ""

    def observe(self, signals: Signals) -> State:
        """Return the state after this step; `signals.state` is the one before it. Called before `weights`."""
        return signals.state

    def weights(self, signals: Signals) -> tuple[Weight, Weight]:
        """Return (w_l2, w_mgiou), finite, not negative and not both zero.

        Each is a number, or a 0-dim tensor where it depends on one (no `.item()`).
        """
        raise NotImplementedError("override weights(self, signals), which returns (w_l2, w_mgiou)")

    def alpha_at(self, signals: Signals) -> Weight:
        """Return the share of L2 in the mix, in [0, 1], as logged."""
        w_l2, w_mgiou = self.weights(signals)
        return w_l2 / (w_l2 + w_mgiou)

    def end_points(self) -> tuple[float, float] | None:
        """Return alpha at p = 0 and at p = 1, for the contract to hold it to; None: nothing is promised."""
        return None

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages after the first, in order; most strategies have none."""
        return ()

    def parameters(self) -> dict[str, Any]:
        """Return every parameter with its value."""
        return asdict(self)  # type: ignore[call-overload]  # `register` makes every strategy a dataclass

    def source_digest(self) -> str | None:
        """Return what tells the code behind the weights from that of another version; None for this package's own."""
        return self.own_source

    @property
    def label(self) -> str:
        """The name, and in brackets the parameters that differ from the defaults: `static[alpha=0.5]`."""
        changed = [f.name for f in fields(self) if getattr(self, f.name) != f.default]  # type: ignore[arg-type]
        inner = ",".join(f"{key}={written(getattr(self, key))}" for key in changed)
        return f"{self.name}[{inner}]" if inner else self.name

    def validate(self) -> None:
        """Raise `StrategyError` when a parameter makes no sense; the registry calls it on every new instance."""


class Mix(Strategy):
    """A mix `alpha · L2 + (1 - alpha) · MGIoU`. Subclasses override `alpha_at`.

    Parameters:
        normalization: what each loss is divided by before it is mixed.
            `none`: nothing. `constant`: L2 is multiplied by 0.01. `loss-ema`: each loss by the EMA of its value
            (decay 0.9, from 1.0). `gradient`: each loss by the EMA of its gradient's norm at the vertices
            (decay 0.9), then both multiplied by the EMA of ‖∂L2/∂v‖, so that their norms add up to that of `l2` alone
            (cf. Chen et al. 2018, GradNorm, arXiv 1711.02257); together they pull less where they point apart. Where L2
            is saturated, so far away that its gradient has vanished, MGIoU's is scaled to nothing with it.
    """

    normalization: str = "none"

    DECAY: ClassVar[float] = 0.9

    def alpha_at(self, signals: Signals) -> Weight:
        """Return the weight of L2 before normalisation, in [0, 1]."""
        raise NotImplementedError("override alpha_at(self, signals), which returns the weight of L2")

    def observe(self, signals: Signals) -> State:
        """Keep the EMAs that the chosen normalisation needs."""
        self.refuse_unknown_normalization()
        matched = signals.gram.diagonal().sum() > 0
        one = torch.ones_like(signals.loss_l2)
        watched = {
            "loss-ema": {"loss_l2": (signals.loss_l2, one), "loss_mgiou": (signals.loss_mgiou, one)},
            "gradient": {"grad_l2": (signals.grad_l2, None), "grad_mgiou": (signals.grad_mgiou, None)},
        }.get(self.normalization, {})
        averages = {}
        for name, (value, start) in watched.items():
            # A norm of 0 is no beginning: the other one's scale would take many steps to forget it.
            begun = torch.ones_like(matched) if start is not None else _begun(signals.state.get(name), value)
            averages[name] = ema(signals.state, name, value, self.DECAY, matched & begun, start)
        return {**signals.state, **averages}

    def scales(self, signals: Signals) -> tuple[Weight, Weight]:
        """Return what L2 and MGIoU are multiplied by before they are mixed."""
        state = signals.state
        if self.normalization == "constant":
            return 0.01, 1.0
        if self.normalization == "loss-ema":
            return 1 / _positive(state["loss_l2"]), 1 / _positive(state["loss_mgiou"])
        if self.normalization == "gradient":
            return 1.0, (state["grad_l2"] / _positive(state["grad_mgiou"])).nan_to_num(1.0)
        self.refuse_unknown_normalization()  # where a subclass has a `validate` and an `observe` of its own, too
        return 1.0, 1.0

    def weights(self, signals: Signals) -> tuple[Weight, Weight]:
        """Return (alpha · scale of L2, (1 - alpha) · scale of MGIoU)."""
        alpha = self.alpha_at(signals)
        scale_l2, scale_mgiou = self.scales(signals)
        return alpha * scale_l2, (1 - alpha) * scale_mgiou

    def refuse_no_share(self, *names: str) -> None:
        """Raise `StrategyError` when a parameter that alpha takes the value of does not lie in [0, 1]."""
        for name in names:
            if not 0 <= getattr(self, name) <= 1:
                raise StrategyError(f"{self.name}: {name}={getattr(self, name):g} must lie between 0 and 1")

    def refuse_unknown_normalization(self) -> None:
        """Raise `StrategyError` when `normalization` is none of those that there are."""
        known = ("none", "constant", "loss-ema", "gradient")
        if self.normalization not in known:
            raise StrategyError(
                f"{self.name}: normalization={self.normalization!r} is unknown; use one of {', '.join(known)}"
            )

    def validate(self) -> None:
        """Refuse an unknown normalisation."""
        self.refuse_unknown_normalization()


def _begun(average: Tensor | None, value: Tensor) -> Tensor:
    """Return whether an average may take a value: it has one already, or this is one to begin with."""
    return value > 0 if average is None else (value > 0) | ~average.isnan()


def _positive(value: Tensor) -> Tensor:
    """Keep a divisor away from zero: a loss that has reached zero must not blow its weight up."""
    return value.clamp_min(1e-8)
