"""Both losses of a batch with their gradients at the vertices, and the mix of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bench.losses.l2 import l2_loss
from bench.losses.mgiou import mgiou_loss
from bench.losses.polygons import refuse_graph, wide


@dataclass(frozen=True)
class LossTerms:
    """The two losses of a batch and their gradients at the predicted vertices; none is part of a graph.

    Attributes:
        l2: mean of `l2_loss` over the B polygons, 0-dim.
        mgiou: mean of `mgiou_loss`, 0-dim.
        g_l2: ∂l2/∂pred, (B, V, 2).
        g_mgiou: ∂mgiou/∂pred, (B, V, 2).
        gram: [[g_l2·g_l2, g_l2·g_mgiou], [g_mgiou·g_l2, g_mgiou·g_mgiou]], (2, 2) float32.
    """

    l2: Tensor
    mgiou: Tensor
    g_l2: Tensor
    g_mgiou: Tensor
    gram: Tensor


def loss_terms(pred: Tensor, target: Tensor, visible: Tensor, area: Tensor, form: str | None = "paper") -> LossTerms:
    """Measure both losses and their gradients at the vertices. The network is not involved.

    Args:
        pred: predicted vertices, (B, V, 2); only their values are used. B may be 0: then everything is zero.
        target: as in `l2_loss`.
        visible: as in `l2_loss`. MGIoU has no use for it: a shape needs all its vertices.
        area: as in `l2_loss`.
        form: as in `mgiou_loss`; None measures `paper`.
    """
    count = max(len(pred), 1)
    if any(one.is_inference() for one in (pred, target, visible, area)):
        with torch.inference_mode(False):  # autograd keeps nothing of a tensor of that mode, but of a copy
            return loss_terms(*(one.clone() for one in (pred, target, visible, area)), form)
    with torch.inference_mode(False), torch.enable_grad():
        vertices = pred.detach().to(wide(pred, target)).requires_grad_()
        l2 = l2_loss(vertices, target.detach(), visible, area.detach(), "sum") / count
        mgiou = mgiou_loss(vertices, target.detach(), form or "paper", reduction="sum") / count
        (g_l2,) = torch.autograd.grad(l2, vertices)
        (g_mgiou,) = torch.autograd.grad(mgiou, vertices)
    both = torch.stack((g_l2.flatten(), g_mgiou.flatten()))
    gram = (both[:, None] * both[None]).sum(-1).float()  # a matrix product would be rounded under autocast and TF32
    return LossTerms(l2.detach(), mgiou.detach(), g_l2, g_mgiou, gram)


def combine(pred: Tensor, terms: LossTerms, w_l2: float | Tensor, w_mgiou: float | Tensor) -> Tensor:
    """Return `w_l2 · l2 + w_mgiou · mgiou`, 0-dim, whose backward sends `w_l2 · g_l2 + w_mgiou · g_mgiou` to `pred`.

    So the network's backward runs once, whatever has been done with the two gradients before.

    Args:
        pred: the predicted vertices that `terms` were measured at, (B, V, 2), part of the network's graph.
        terms: what `loss_terms` returned.
        w_l2: weight of L2, a float or a 0-dim tensor; no gradient flows into it.
        w_mgiou: weight of MGIoU, likewise.
    """
    w_l2, w_mgiou = (w.detach() if isinstance(w, Tensor) else w for w in (w_l2, w_mgiou))
    value = w_l2 * terms.l2 + w_mgiou * terms.mgiou
    return _Known.apply(pred, value, w_l2 * terms.g_l2 + w_mgiou * terms.g_mgiou)


class _Known(torch.autograd.Function):
    """A scalar whose gradient is known beforehand."""

    @staticmethod
    def forward(ctx: Any, pred: Tensor, value: Tensor, grad: Tensor) -> Tensor:
        ctx.save_for_backward(grad)
        ctx.dtype = pred.dtype
        return value.clone()

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None, None]:
        refuse_graph()
        (grad,) = ctx.saved_tensors
        return (grad_output * grad).to(ctx.dtype), None, None
