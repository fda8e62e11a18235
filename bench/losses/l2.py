"""The distance between matching vertices."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.losses.polygons import prepare, reduce


def l2_loss(pred: Tensor, target: Tensor, visible: Tensor, area: Tensor, reduction: str = "none") -> Tensor:
    """Saturating distance between matching vertices: the mean over visible vertices of `1 - exp(-d_i / A)`.

    `d_i = |p_i - t_i|²`. It has the shape of OKS as in Ultralytics' `KeypointLoss`, which writes the same as
    `(V / visible) · mean over V of the masked terms`. Far from the target (d much over A) its gradient vanishes.

    Args:
        pred: predicted vertices, (B, V, 2).
        target: their targets, (B, V, 2).
        visible: (B, V), bool or number; zero leaves a vertex out.
        area: (B,) or (B, 1), A: area of the target's bounding box, in the vertices' unit squared. Below
            1e-19 (float32) it is taken as that: its inverse must not overflow.
        reduction: `none`, `mean` or `sum`; the mean of no polygon is NaN, as torch has it.

    Returns:
        (B,), or a scalar when reduced, float32 or wider, each row in [0, 1]. A row with no visible vertex is 0,
        and so is its gradient.

    Raises:
        ValueError: shapes do not fit, or the reduction is unknown.
    """
    pred, target = prepare(pred, target)
    if visible.shape != pred.shape[:2] or area.numel() != len(pred):
        raise ValueError(
            f"visible must be (B, V) and area (B,) for {tuple(pred.shape)} vertices; "
            f"got {tuple(visible.shape)} and {tuple(area.shape)}"
        )
    area = area.reshape(-1, 1).to(pred.dtype).clamp_min(torch.finfo(pred.dtype).tiny ** 0.5)
    # Twice the difference of quarters cannot overflow. Its square can, and then the exponential stops the gradient.
    distance = 16 * (0.25 * pred - 0.25 * target).square().sum(-1)
    times = distance / area
    # Near, the difference of two numbers close to 1 would lose digits; far, the gradient that autograd has of expm1.
    terms = torch.where(times < 1, -torch.expm1(-times), 1 - torch.exp(-times))
    seen = (visible != 0).to(pred.dtype)
    return reduce((terms * seen).sum(1) / seen.sum(1).clamp_min(1), reduction)
