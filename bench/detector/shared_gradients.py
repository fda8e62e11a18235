"""The two losses' gradients where they meet in the network: at the weights both train."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from bench.detector.loss import PolygonLoss
from bench.losses import combine, loss_terms

PROBE_COLUMNS = ("net_grad_l2", "net_grad_mgiou", "net_grad_cosine")
"""Norms and cosine of the gradients at the shared weights, on the probe batch; NaN where the batch matches nothing, and
where none of these weights are trained."""

PROBE_IMAGES = 8


class SharedGradientProbe:
    """Measures ∂L2/∂θ and ∂MGIoU/∂θ on a fixed batch, θ being all weights before the head. Training does not notice.

    Args:
        batch: preprocessed, as the model takes it; it is kept and never changed.
    """

    def __init__(self, batch: dict[str, Any]) -> None:
        self.batch = batch

    def measure(self, model: nn.Module, form: str) -> dict[str, float]:
        """Return `PROBE_COLUMNS` for the model as it is, in training mode, with MGIoU in a form.

        Generators, batch-norm statistics, gradients and the model's mode are afterwards what they were before.
        """
        shared = [p for name, p in _before_head(model) if p.requires_grad]
        if not shared:
            return dict.fromkeys(PROBE_COLUMNS, float("nan"))
        both = _Both(form)
        with _untouched(model):
            PolygonLoss(model, both)(model(self.batch["img"]), self.batch)  # type: ignore[arg-type]
            if both.losses is None:
                return dict.fromkeys(PROBE_COLUMNS, float("nan"))
            l2, mgiou = both.losses
            g1 = _flat(torch.autograd.grad(l2, shared, retain_graph=True, allow_unused=True))
            g2 = _flat(torch.autograd.grad(mgiou, shared, allow_unused=True))
        norms = g1.norm() * g2.norm()
        figures = torch.stack((g1.norm(), g2.norm(), g1 @ g2 / norms.clamp_min(1e-30)))
        return dict(zip(PROBE_COLUMNS, figures.tolist(), strict=True))


class _Both:
    """Stands in for a mixer: keeps each loss with its way back to the network."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.losses: tuple[Tensor, Tensor] | None = None

    def __call__(self, pred: Tensor, target: Tensor, visible: Tensor, area: Tensor) -> Tensor:
        terms = loss_terms(pred, target, visible, area, self.form)
        self.losses = combine(pred, terms, 1.0, 0.0), combine(pred, terms, 0.0, 1.0)
        return terms.l2


def _before_head(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    layers = model.model
    head = f"{len(layers) - 1}."  # type: ignore[arg-type]
    return ((name, p) for name, p in layers.named_parameters() if not name.startswith(head))  # type: ignore[union-attr]


def _flat(gradients: tuple[Tensor | None, ...]) -> Tensor:
    return torch.cat([gradient.flatten() for gradient in gradients if gradient is not None]).float()


@contextlib.contextmanager
def _untouched(model: nn.Module) -> Iterator[None]:
    """Run a forward pass in training mode and put back whatever it changes."""
    mode = model.training
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    devices = [next(model.parameters()).device] if next(model.parameters()).is_cuda else []
    with torch.random.fork_rng(devices=devices), torch.enable_grad():
        model.train()
        try:
            yield
        finally:
            model.train(mode)
            for name, buffer in model.named_buffers():
                buffer.copy_(buffers[name])
