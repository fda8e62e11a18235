"""What a strategy may look at when it chooses the two weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

State = Mapping[str, Tensor]
"""What a strategy remembers between steps: named tensors, so that a snapshot is `torch.save(state)`."""


@dataclass(frozen=True)
class Signals:
    """One training step, seen from the polygon loss. Pure data: two equal `Signals` give equal weights.

    Attributes:
        epoch: the epoch under way, from 0.
        epochs: how many the run has.
        loss_l2: value of the L2 loss, 0-dim, mean over the matched anchors.
        loss_mgiou: value of the MGIoU loss, likewise.
        gram: (2, 2) Gram matrix of the two losses' gradients at the predicted vertices:
            `[[g1·g1, g1·g2], [g2·g1, g2·g2]]` with g1 = ∂L2/∂v, g2 = ∂MGIoU/∂v. All zero when the batch
            matched no anchor.
        state: what the strategy's `observe` returned; empty at the first step.
    """

    epoch: int
    epochs: int
    loss_l2: Tensor
    loss_mgiou: Tensor
    gram: Tensor
    state: State = field(default_factory=dict)

    @property
    def progress(self) -> float:
        """Share of the run that is over when this epoch starts, in [0, 1): epoch / epochs."""
        return self.epoch / self.epochs

    @property
    def grad_l2(self) -> Tensor:
        """‖∂L2/∂v‖, 0-dim."""
        return self.gram[0, 0].clamp_min(0).sqrt()

    @property
    def grad_mgiou(self) -> Tensor:
        """‖∂MGIoU/∂v‖, 0-dim."""
        return self.gram[1, 1].clamp_min(0).sqrt()

    @property
    def cosine(self) -> Tensor:
        """Cosine of the two gradients, 0-dim, in [-1, 1]; 0 where one of them vanishes."""
        norms = self.grad_l2 * self.grad_mgiou
        tiny = torch.finfo(norms.dtype).tiny
        return torch.where(norms > tiny, self.gram[0, 1] / norms.clamp_min(tiny), 0.0).clamp(-1, 1)


def ema(state: State, name: str, value: Tensor, decay: float, valid: Tensor, start: Tensor | None = None) -> Tensor:
    """One step of an exponential moving average: `decay · old + (1 - decay) · value`.

    Starts from `start`, or from the first valid value when that is None. Where `valid` is false (a batch that
    matched nothing, say) the average stays as it was. Never leaves the device.
    """
    old = state.get(name)
    if old is None:
        if start is None:  # NaN marks "no value yet" without a host-side branch
            start = torch.full_like(value, float("nan"))
        old = start
    new = torch.where(old.isnan(), value, decay * old + (1 - decay) * value)
    return torch.where(valid, new, old)
