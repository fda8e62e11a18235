"""What both losses have in common: which polygons they take, in what precision, and what they return."""

from __future__ import annotations

import torch
from torch import Tensor

REDUCTIONS = ("none", "mean", "sum")


def prepare(pred: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Check the shapes and return both in one dtype, float32 or wider."""
    if pred.shape != target.shape or pred.ndim != 3 or pred.shape[2] != 2 or pred.shape[1] < 3:
        raise ValueError(
            f"pred and target must both be (B, V, 2) with V >= 3; got {tuple(pred.shape)} and {tuple(target.shape)}"
        )
    dtype = wide(pred, target)
    return pred.to(dtype), target.to(dtype)


def wide(pred: Tensor, target: Tensor) -> torch.dtype:
    """Return the dtype in which both fit, float32 or wider."""
    return torch.promote_types(torch.promote_types(pred.dtype, target.dtype), torch.float32)


def reduce(loss: Tensor, reduction: str) -> Tensor:
    """Return the loss of each polygon, (B,), or their mean, NaN of none, or sum."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction={reduction!r} is unknown; use one of {', '.join(REDUCTIONS)}")
    return loss if reduction == "none" else getattr(loss, reduction)()


def refuse_graph() -> None:
    """Raise where a second derivative is asked for: left alone, it would be zero without a word."""
    if torch.is_grad_enabled():  # in backward, that is `create_graph`
        raise RuntimeError("polygon losses have no second derivative; call backward or grad without create_graph=True")
