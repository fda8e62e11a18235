"""The mix of both losses as one module, for a training loop of one's own."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import torch
from torch import Tensor, nn

from bench.losses.mgiou import FORMS
from bench.losses.terms import combine, loss_terms
from strategies.errors import StrategyError
from strategies.hybrid import Hybrid
from strategies.signals import Signals

SCHEDULES = Hybrid.SCHEDULES
"""The schedules of `HybridPolygonLoss`."""

_AVERAGES = {"l2_grad_ema": "grad_l2", "mgiou_grad_ema": "grad_mgiou"}
"""Its buffers, and what the strategy calls them in its state."""


class HybridPolygonLoss(nn.Module):
    """`alpha · L2 + (1 - alpha) · MGIoU` with a scheduled alpha: for a training loop of your own.

    It is the strategy `hybrid` (`strategies.hybrid`) on `loss_terms` and `combine`, as the harness has it.

    With p = epoch / total_epochs, kept within [0, 1], alpha is
    - `cosine`: end + (start - end)(1 + cos πp) / 2
    - `linear`: start + (end - start) p
    - `step`: start until p = 0.5, the mean of start and end until 0.75, then end
    - `exponential`: start · (end / start)^p

    With `normalize_gradients`, MGIoU is multiplied by EMA‖∂L2/∂v‖ / EMA‖∂MGIoU/∂v‖ (decay 0.9, kept in buffers,
    updated in training mode alone), so that both losses pull on the vertices in the proportion alpha : 1 - alpha, with
    norms that add up to that of L2 alone (cf. Chen et al. 2018, GradNorm, arXiv 1711.02257). Together they pull less
    than that where they point apart.

    It may be part of a model: `state_dict`, which holds the epoch given last too, is of tensors alone, as whoever
    averages or moves a model's state takes for granted.

    Args:
        alpha_schedule: one of `SCHEDULES`.
        alpha_start: alpha at the first epoch, in [0, 1].
        alpha_end: alpha after the last epoch, in [0, 1].
        total_epochs: length of the training.
        normalize_gradients: see above.
        form: the MGIoU form, `paper` or `centred`.

    Raises:
        ValueError: an argument makes no sense.
    """

    l2_grad_ema: Tensor
    mgiou_grad_ema: Tensor

    def __init__(
        self,
        alpha_schedule: str = "cosine",
        alpha_start: float = 0.9,
        alpha_end: float = 0.2,
        total_epochs: int = 100,
        normalize_gradients: bool = True,
        form: str = "paper",
    ) -> None:
        super().__init__()
        if not total_epochs >= 1:
            raise ValueError(f"total_epochs={total_epochs} must be at least 1")
        if form not in FORMS:
            raise ValueError(f"form={form!r} is unknown; use one of {', '.join(FORMS)}")
        self.alpha_schedule = alpha_schedule
        self.alpha_start = alpha_start
        self.alpha_end = alpha_end
        self.total_epochs = total_epochs
        self.normalize_gradients = normalize_gradients
        self.form = form
        self.current_epoch = 0
        try:
            self._strategy().validate()
        except StrategyError as error:
            told = str(error).removeprefix("hybrid: ")  # whose parameters have other names here
            raise ValueError(re.sub(r"\b(schedule|start|end)\b", r"alpha_\1", told)) from None
        for name in _AVERAGES:
            self.register_buffer(name, torch.tensor(0.0))  # 0: nothing measured yet; NaN would spoil a model's average

    def get_extra_state(self) -> Tensor:
        """Return what `state_dict` holds beside the buffers: the epoch, 0-dim."""
        return torch.as_tensor(self.current_epoch)

    def set_extra_state(self, state: Tensor | dict[str, int]) -> None:
        """Take what `get_extra_state` returned, today or when it was a mapping."""
        epoch = state["current_epoch"] if isinstance(state, dict) else state
        self.current_epoch = epoch.item() if isinstance(epoch, Tensor) else epoch

    def get_alpha(self, epoch: int) -> float:
        """Return the weight of L2 in an epoch, counted from 0."""
        return self._strategy().alpha_after(min(max(epoch / self.total_epochs, 0.0), 1.0))

    def forward(
        self, pred_kpts: Tensor, gt_kpts: Tensor, kpt_mask: Tensor, area: Tensor, epoch: int | None = None
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Return (total, mgiou, metrics); only `total` carries a gradient.

        Args:
            pred_kpts: predicted vertices, (B, V, 2 or more); what follows x and y is not used.
            gt_kpts: target vertices, (B, V, 2 or more).
            kpt_mask: (B, V), zero leaves a vertex out of L2 alone: MGIoU takes all V, since a shape needs them. Where
                an object has fewer, repeat one of its vertices in the place of each that is missing: the zeros that
                Ultralytics pads with would be a vertex at the image's corner.
            area: (B,) or (B, 1), area of the target's bounding box, same unit squared.
            epoch: the epoch, from 0; None means the one given last.

        Returns:
            The mix, the mean MGIoU loss, and `alpha`, `l2_loss`, `mgiou_loss`, `l2_scale`, `mgiou_scale`,
            `l2_grad_norm`, `mgiou_grad_norm` as detached 0-dim tensors on the vertices' device.
        """
        if epoch is not None:
            self.current_epoch = epoch
        alpha = self.get_alpha(self.current_epoch)
        pred = pred_kpts[..., :2]
        terms = loss_terms(pred, gt_kpts[..., :2], kpt_mask, area, self.form)
        signals = Signals(self.current_epoch, self.total_epochs, terms.l2, terms.mgiou, terms.gram)
        scale = self._mgiou_scale(signals)
        total = combine(pred, terms, alpha, (1 - alpha) * scale)
        metrics = {
            "alpha": torch.full_like(scale, alpha),
            "l2_loss": terms.l2,
            "mgiou_loss": terms.mgiou,
            "l2_scale": torch.ones_like(scale),
            "mgiou_scale": scale,
            "l2_grad_norm": signals.grad_l2,
            "mgiou_grad_norm": signals.grad_mgiou,
        }
        return total, terms.mgiou, metrics

    def _strategy(self) -> Hybrid:
        """Return the strategy that the attributes describe as they are now."""
        normalization = "gradient" if self.normalize_gradients else "none"
        return Hybrid(  # type: ignore[call-arg]  # `register` makes every strategy a dataclass
            schedule=self.alpha_schedule, start=self.alpha_start, end=self.alpha_end, normalization=normalization
        )

    def _mgiou_scale(self, signals: Signals) -> Tensor:
        """Return MGIoU's factor, 0-dim, after one step of the averages when the module trains."""
        strategy = self._strategy()
        nothing = torch.full_like(signals.grad_l2, math.nan)  # as the strategy says it
        with torch.inference_mode(False):  # what is moved in that mode could not be written to outside of it
            for name in _AVERAGES:
                own = getattr(self, name)
                if own.device != nothing.device or own.dtype != nothing.dtype:
                    setattr(self, name, own.to(nothing))
        averages = {key: getattr(self, name) for name, key in _AVERAGES.items()}
        state = {key: torch.where(one > 0, one, nothing) for key, one in averages.items()}
        signals = replace(signals, state=state)
        if self.training:
            signals = replace(signals, state=strategy.observe(signals))
            for key, one in averages.items():  # in place: others may hold on to a model's buffers
                one.copy_(signals.state[key].nan_to_num(0.0))
        _, factor = strategy.scales(signals)
        return torch.ones_like(signals.grad_mgiou) * factor
