"""Where a strategy meets the losses: one step's loss, and what the step looked like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from bench.history_columns import LEDGER_COLUMNS
from bench.losses import LossTerms, combine, loss_terms
from strategies import Signals, State, Strategy, Weight


class Mixer:
    """Applies a strategy to the two polygon losses, step by step, without leaving the device.

    Args:
        strategy: chooses the weights.
        form: the MGIoU form, `paper` or `centred`; None (no MGIoU term) still measures `paper`.
        epochs: length of the run.
    """

    def __init__(self, strategy: Strategy, form: str | None, epochs: int) -> None:
        self.strategy = strategy
        self.form = form or "paper"
        self.epochs = epochs
        self.epoch = 0
        self.state: State = {}
        self._sum: Tensor | None = None
        self._steps = 0
        self._alpha: float | Tensor | None = None

    def __call__(self, pred: Tensor, target: Tensor, visible: Tensor, area: Tensor) -> Tensor:
        """Return the weighted loss, a scalar that sends the weighted gradients to `pred`.

        Args:
            pred: predicted vertices of the matched anchors, (B, V, 2), feature-grid units.
            target: their targets, (B, V, 2).
            visible: (B, V), false for a vertex that augmentation moved off the image.
            area: (B,), area of the target's bounding box, same units squared.
        """
        terms = loss_terms(pred, target, visible, area, self.form)
        return combine(pred, terms, *self.weigh(terms))

    def weigh(self, terms: LossTerms) -> tuple[Weight, Weight]:
        """Return the step's weights (w_l2, w_mgiou), and keep what the step looked like.

        Args:
            terms: both losses of this step, MGIoU in this mixer's form.
        """
        signals = Signals(self.epoch, self.epochs, terms.l2, terms.mgiou, terms.gram, self.state)
        self.state = self.strategy.observe(signals)
        signals = replace(signals, state=self.state)
        w_l2, w_mgiou = (_beside(weight, terms.gram) for weight in self.strategy.weights(signals))
        self._note(signals, w_l2, w_mgiou)
        return w_l2, w_mgiou

    def state_dict(self) -> dict[str, Any]:
        """Return what the next epoch depends on; call it between two epochs."""
        return {"strategy": dict(self.state), "alpha": self._alpha}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self.state, self._alpha = state["strategy"], state["alpha"]

    def close_epoch(self) -> dict[str, float]:
        """Return the means of `LEDGER_COLUMNS` over the epoch's steps, and start the next. The one synchronisation."""
        if self._sum is None:
            return dict.fromkeys(LEDGER_COLUMNS, float("nan"))
        means = (self._sum / self._steps).tolist()
        self._sum, self._steps = None, 0
        return dict(zip(LEDGER_COLUMNS, means, strict=True))

    def _note(self, signals: Signals, w_l2: Weight, w_mgiou: Weight) -> None:
        pull_l2, pull_mgiou = w_l2 * signals.grad_l2, w_mgiou * signals.grad_mgiou
        alpha = _beside(self.strategy.alpha_at(signals), signals.gram)
        moved = abs(alpha - (alpha if self._alpha is None else self._alpha))
        self._alpha = alpha
        row = {
            "alpha": alpha,
            "w_l2": w_l2,
            "w_mgiou": w_mgiou,
            "loss_l2": signals.loss_l2,
            "loss_mgiou": signals.loss_mgiou,
            "grad_l2": signals.grad_l2,
            "grad_mgiou": signals.grad_mgiou,
            "grad_cosine": signals.cosine,
            "conflict": signals.cosine < 0,
            "share_l2": pull_l2 / (pull_l2 + pull_mgiou).clamp_min(torch.finfo(signals.gram.dtype).tiny),
            "alpha_step": moved,
        }
        like = signals.gram
        # A number is filled in on the device: to copy it there would wait for the device.
        values = (row[name] for name in LEDGER_COLUMNS)
        vector = torch.stack([x.to(like.dtype) if isinstance(x, Tensor) else like.new_full((), x) for x in values])
        self._sum = vector if self._sum is None else self._sum + vector
        self._steps += 1


def _beside(weight: Weight, like: Tensor) -> Weight:
    """Return a weight on the device of the step: one that follows from the epoch alone may be a tensor of the CPU's."""
    return weight.to(like.device, non_blocking=True) if isinstance(weight, Tensor) else weight


class Disagreement(Exception):
    """Runs that were planned as one training ask for different ones."""


class SharedMixer:
    """Mixes for several runs that are one training so far: all give the same weights, and each sees all it would see.

    A strategy's memory and the ledger are each run's own, so that any of them can go on alone as if it always had been.

    Args:
        mixers: of the runs.
    """

    def __init__(self, mixers: Sequence[Mixer]) -> None:
        self.mixers = tuple(mixers)

    def __call__(self, pred: Tensor, target: Tensor, visible: Tensor, area: Tensor) -> Tensor:
        """Return the weighted loss; the arguments are those of `Mixer`.

        Raises:
            Disagreement: they do not give the same weights, or not to the same losses.
        """
        by_form = {
            form: loss_terms(pred, target, visible, area, form)
            for form in dict.fromkeys(mixer.form for mixer in self.mixers)
        }
        weights = [mixer.weigh(by_form[mixer.form]) for mixer in self.mixers]
        # What is known before the run are numbers; tensors would be compared at the price of waiting for the device.
        asked = {
            (float(w_l2), float(w_mgiou), mixer.form if w_mgiou else None)
            for mixer, (w_l2, w_mgiou) in zip(self.mixers, weights, strict=True)
        }
        if len(asked) > 1:
            told = ", ".join(
                f"{mixer.strategy.label} ({float(w_l2):g}, {float(w_mgiou):g})"
                for mixer, (w_l2, w_mgiou) in zip(self.mixers, weights, strict=True)
            )
            raise Disagreement(f"one training so far, they part in epoch {self.mixers[0].epoch + 1}: {told}")
        return combine(pred, by_form[self.mixers[0].form], *weights[0])
