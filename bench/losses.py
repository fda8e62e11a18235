"""L2 and MGIoU on polygons, their gradients at the vertices, and their mix. Torch only, usable on its own.

Shapes: B polygons of V vertices (3 to 16) in any one unit of length. Nothing here waits for the device, and no
operation depends on the order in which a GPU adds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

FORMS = ("paper", "centred")
"""The forms of `mgiou_loss`."""

REDUCTIONS = ("none", "mean", "sum")

SCHEDULES = ("cosine", "linear", "step", "exponential")
"""The schedules of `HybridPolygonLoss`."""

_ROUNDING = 64
"""Lengths that differ by less than so many units of rounding are the same, and an edge so short has no direction."""


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
        reduction: `none`, `mean` or `sum`.

    Returns:
        (B,), or a scalar when reduced, float32 or wider, each row in [0, 1]. A row with no visible vertex is 0,
        and so is its gradient.

    Raises:
        ValueError: shapes do not fit, or the reduction is unknown.
    """
    pred, target = _prepare(pred, target)
    if visible.shape != pred.shape[:2] or area.numel() != len(pred):
        raise ValueError(
            f"visible must be (B, V) and area (B,) for {tuple(pred.shape)} vertices; "
            f"got {tuple(visible.shape)} and {tuple(area.shape)}"
        )
    area = area.reshape(-1, 1).to(pred.dtype).clamp_min(torch.finfo(pred.dtype).tiny ** 0.5)
    # Twice the difference of quarters cannot overflow. Its square can, and then the exponential stops the gradient.
    distance = 16 * (0.25 * pred - 0.25 * target).square().sum(-1)
    terms = -torch.expm1(-distance / area)
    seen = (visible != 0).to(pred.dtype)
    return _reduce((terms * seen).sum(1) / seen.sum(1).clamp_min(1), reduction)


def mgiou_loss(
    pred: Tensor, target: Tensor, form: str = "paper", convexity: float = 0.0, reduction: str = "none"
) -> Tensor:
    """Marginalised generalised IoU of two polygons as a loss: `(1 - mean over axes of the 1-D GIoU) / 2`.

    Le et al. 2025, arXiv 2504.16443. The axes are the normals of both polygons' edges, after each polygon's vertices
    have been sorted by angle about their centroid; on an axis both are projected to intervals, and their GIoU is
    (min of maxima - max of minima) / (max of maxima - min of minima). The gradient flows through the axes too. So
    form `paper` equals `MGIoU2DPlus` of the PyPI package `mgiou` 0.1.0, in value and gradient, wherever that one
    is finite.

    Form `centred` is the same after each polygon has been moved to its own centroid and divided by its own mean edge
    length (in the order given); centres and lengths are constants to the gradient. It knows neither where the object is
    nor how large.

    Where the package gives NaN, this gives:
    - An edge of no length (padding, repeated vertices) has no normal and is left out of the mean.
    - When every axis is left out, all 2V points lie on one line, and the loss is that of the GIoU along the line:
      0 for equal segments, 1 for points apart. All points in one place are equal shapes: 0.

    Ties, up to rounding, are split evenly, between vertices that project to the same extreme and between polygons whose
    intervals end together. So the gradient is zero at equality, does not depend on the order of vertices, and moves
    the edge of a parallel box as a whole. Backward is written by hand and refuses `create_graph=True`.

    Args:
        pred: predicted vertices, (B, V, 2), any finite values.
        target: target vertices, (B, V, 2).
        form: `paper` or `centred`.
        convexity: weight of the package's convexity penalty (MGIoU+): the mean over the ring's corners, as ordered, of
            how far the cross product of a corner's two edges has the other sign than the first corner's. It is in
            the vertices' unit squared.
        reduction: `none`, `mean` or `sum`.

    Returns:
        (B,), or a scalar when reduced, float32 or wider, each row in [0, 1] but for the penalty.

    Raises:
        ValueError: shapes do not fit, or the form or reduction is unknown.
    """
    if form not in FORMS:
        raise ValueError(f"form={form!r} is unknown; use one of {', '.join(FORMS)}")
    pred, target = _prepare(pred, target)
    loss = _MGIoU.apply(pred, target, form == "centred")
    if convexity:
        loss = loss + convexity * _concavity(pred)
    return _reduce(loss, reduction)


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
        vertices = pred.detach().to(_wide(pred, target)).requires_grad_()
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


class HybridPolygonLoss(nn.Module):
    """`alpha · L2 + (1 - alpha) · MGIoU` with a scheduled alpha: for a training loop of your own.

    The harness' own strategies are built on the same `loss_terms` and `combine`.

    With p = epoch / total_epochs, kept within [0, 1], alpha is
    - `cosine`: end + (start - end)(1 + cos πp) / 2
    - `linear`: start + (end - start) p
    - `step`: start until p = 0.5, the mean of start and end until 0.75, then end
    - `exponential`: start · (end / start)^p

    With `normalize_gradients`, MGIoU is multiplied by EMA‖∂L2/∂v‖ / EMA‖∂MGIoU/∂v‖ (decay 0.9, kept in buffers,
    updated in training mode alone), so that both losses pull on the vertices in the proportion alpha : 1 - alpha and
    the step keeps the size it has under L2 (cf. Chen et al. 2018, GradNorm, arXiv 1711.02257).

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

    DECAY = 0.9

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
        if alpha_schedule not in SCHEDULES:
            raise ValueError(f"alpha_schedule={alpha_schedule!r} is unknown; use one of {', '.join(SCHEDULES)}")
        for name, alpha in (("alpha_start", alpha_start), ("alpha_end", alpha_end)):
            if not 0 <= alpha <= 1:
                raise ValueError(f"{name}={alpha} must lie between 0 and 1")
        if alpha_schedule == "exponential" and not (alpha_start > 0 and alpha_end > 0):
            raise ValueError(
                "alpha_schedule='exponential' never leaves or reaches 0; use alpha_start and alpha_end > 0"
            )
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
        for name in ("l2_grad_ema", "mgiou_grad_ema"):
            self.register_buffer(name, torch.tensor(math.nan))  # NaN: nothing measured yet

    def get_alpha(self, epoch: int) -> float:
        """Return the weight of L2 in an epoch, counted from 0."""
        start, end = self.alpha_start, self.alpha_end
        progress = min(max(epoch / self.total_epochs, 0.0), 1.0)
        if self.alpha_schedule == "cosine":
            return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
        if self.alpha_schedule == "linear":
            return start + (end - start) * progress
        if self.alpha_schedule == "step":
            return start if progress < 0.5 else (start + end) / 2 if progress < 0.75 else end
        return start * (end / start) ** progress

    def forward(
        self, pred_kpts: Tensor, gt_kpts: Tensor, kpt_mask: Tensor, area: Tensor, epoch: int | None = None
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Return (total, mgiou, metrics); only `total` carries a gradient.

        Args:
            pred_kpts: predicted vertices, (B, V, 2 or more); what follows x and y is not used.
            gt_kpts: target vertices, (B, V, 2 or more).
            kpt_mask: (B, V), zero leaves a vertex out of L2.
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
        norms = terms.gram.diagonal().sqrt()
        scale = self._mgiou_scale(norms)
        total = combine(pred, terms, alpha, (1 - alpha) * scale)
        metrics = {
            "alpha": torch.full_like(scale, alpha),
            "l2_loss": terms.l2,
            "mgiou_loss": terms.mgiou,
            "l2_scale": torch.ones_like(scale),
            "mgiou_scale": scale,
            "l2_grad_norm": norms[0],
            "mgiou_grad_norm": norms[1],
        }
        return total, terms.mgiou, metrics

    def _mgiou_scale(self, norms: Tensor) -> Tensor:
        """Return MGIoU's factor, 0-dim, after one step of the averages."""
        if not self.normalize_gradients:
            return torch.ones_like(norms[0])
        old = torch.stack((self.l2_grad_ema, self.mgiou_grad_ema)).to(norms)
        if self.training:
            begun = torch.where(norms > 0, norms, old)  # from the first norm that is one
            new = torch.where(old.isnan(), begun, self.DECAY * old + (1 - self.DECAY) * norms)
            old = torch.where(norms.sum() > 0, new, old)  # a batch that matched nothing measures nothing
            self.l2_grad_ema, self.mgiou_grad_ema = old.unbind()
        return (old[0] / old[1].clamp_min(1e-8)).nan_to_num(1.0)


class _Known(torch.autograd.Function):
    """A scalar whose gradient is known beforehand."""

    @staticmethod
    def forward(ctx: Any, pred: Tensor, value: Tensor, grad: Tensor) -> Tensor:
        ctx.save_for_backward(grad)
        ctx.dtype = pred.dtype
        return value.clone()

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None, None]:
        _refuse_graph()
        (grad,) = ctx.saved_tensors
        return (grad_output * grad).to(ctx.dtype), None, None


class _MGIoU(torch.autograd.Function):
    """MGIoU of each row, with its gradient by hand: autograd would keep and walk some thirty arrays.

    Arrays have the batch last, (…, B): reductions over vertices and axes then run along contiguous memory. Polygon 0
    is the prediction, 1 the target. The A = 2V + 2 axes are the normals of polygon 0, those of polygon 1, x and y.
    """

    @staticmethod
    def forward(ctx: Any, pred: Tensor, target: Tensor, centred: bool) -> Tensor:
        points, unit = _normalise(torch.stack((pred, target)).permute(3, 0, 2, 1).contiguous(), centred)
        order = _by_angle(points)  # (2, V, B)
        corners = points.gather(2, order.expand_as(points))
        edges = corners.roll(-1, 2) - corners  # (xy, 2, V, B)
        vertices, batch = points.shape[2:]
        axes = points.new_zeros((2, 2 * vertices + 2, batch))
        axes[0, : 2 * vertices] = edges[1].flatten(0, 1)
        axes[1, : 2 * vertices] = -edges[0].flatten(0, 1)
        axes[0, -2] = 1
        axes[1, -1] = 1

        shadows = points[0].unsqueeze(2) * axes[0]  # (2, V, A, B)
        shadows.addcmul_(points[1].unsqueeze(2), axes[1])
        high, low = shadows.amax(1), shadows.amin(1)  # (2, A, B)
        overlap = torch.minimum(high[0], high[1]) - torch.maximum(low[0], low[1])
        extent = torch.maximum(high[0], high[1]) - torch.minimum(low[0], low[1])

        rounding = _ROUNDING * torch.finfo(points.dtype).eps
        length = axes.abs().amax(0)  # (A, B)
        smallest = torch.finfo(points.dtype).tiny ** 0.25  # under it a quotient could overflow
        shortest = (rounding * points.abs().amax((0, 2))).clamp_min(smallest)  # (2, B)
        slack = (rounding * length).clamp_min(torch.finfo(points.dtype).tiny)
        usable = extent > slack
        usable[:vertices] &= length[:vertices] > shortest[0]
        usable[vertices:-2] &= length[vertices:-2] > shortest[1]
        usable[-2:] &= ~usable[:-2].any(0)
        weight = usable.to(points.dtype)
        number = weight.sum(0)
        extent = torch.where(usable, extent, 1)
        giou = overlap / extent
        # Dividing the sum, not the weights, gives exactly 0 at equality.
        similarity = torch.where(number > 0, (giou * weight).sum(0) / number, 1)

        weight = weight / number.clamp_min(1)
        ctx.save_for_backward(points, unit, order, axes, shadows, high, low, slack, extent, giou, weight)
        return (1 - similarity) / 2

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        _refuse_graph()
        points, unit, order, axes, shadows, high, low, slack, extent, giou, weight = ctx.saved_tensors
        vertices = points.shape[2]
        d_overlap = grad_output * weight / (-2 * extent)
        d_extent = -giou * d_overlap
        top = _share_of_first(high[1] - high[0], slack)
        bottom = _share_of_first(low[0] - low[1], slack)
        high, low = high - slack, low + slack
        d_high = torch.stack((torch.lerp(d_extent, d_overlap, top), torch.lerp(d_overlap, d_extent, top)))
        d_low = -torch.stack((torch.lerp(d_extent, d_overlap, bottom), torch.lerp(d_overlap, d_extent, bottom)))

        # At this size most of an operation's time goes into fresh memory, so that all products share two arrays.
        pull, spare = torch.empty_like(shadows)
        gradients: list[Tensor | None] = []
        for one in range(2):
            if not ctx.needs_input_grad[one]:
                gradients.append(None)
                continue
            own = slice(one * vertices, (one + 1) * vertices)
            other = 1 - one
            _to_vertices(shadows[one], high[one], low[one], d_high[one], d_low[one], pull, spare)
            d_points = torch.stack([torch.mul(pull, axis, out=spare).sum(1) for axis in axes])  # (xy, V, B)
            push, rest = pull[:, own], spare[:, own]
            d_axes = _contract(push, points[:, one], rest)  # (xy, V, B)
            ends = (side[other, own] for side in (high, low, d_high, d_low))
            _to_vertices(shadows[other, :, own], *ends, push, rest)
            d_axes += _contract(push, points[:, other], rest)
            d_edges = torch.stack((-d_axes[1], d_axes[0]))
            d_corners = d_edges.roll(1, 1) - d_edges
            back = order[one].argsort(0).expand_as(d_corners)
            d_points += d_corners.gather(1, back)
            gradients.append((d_points * unit[one]).permute(2, 1, 0).contiguous())
        return gradients[0], gradients[1], None


def _refuse_graph() -> None:
    """Raise where a second derivative is asked for: left alone, it would be zero without a word."""
    if torch.is_grad_enabled():  # in backward, that is `create_graph`
        raise RuntimeError("polygon losses have no second derivative; call backward or grad without create_graph=True")


def _share_of_first(lead: Tensor, slack: Tensor) -> Tensor:
    """Return how far the overlap ends where polygon 0 ends: 1 where it ends first, 0 where last, 1/2 in a tie."""
    return (1 + torch.where(lead.abs() > slack, lead.sign(), 0)) / 2


def _to_vertices(
    shadows: Tensor, high: Tensor, low: Tensor, d_high: Tensor, d_low: Tensor, pull: Tensor, spare: Tensor
) -> None:
    """Hand the gradient of each interval's ends to the vertices that project to them or past, in equal parts.

    Writes it into `pull` (V, A, B), and writes over `spare`.
    """
    # Comparing straight into numbers is ten times faster than converting truth values.
    torch.ge(shadows, high, out=pull)
    pull.mul_(d_high / pull.sum(0))
    torch.le(shadows, low, out=spare)
    pull.addcmul_(spare, d_low / spare.sum(0))


def _contract(gradient: Tensor, points: Tensor, spare: Tensor) -> Tensor:
    """Sum (V, A, B) over the vertices, weighted with x and with y, (xy, V, B): (xy, A, B)."""
    return torch.stack([torch.mul(gradient, axis.unsqueeze(1), out=spare).sum(0) for axis in points])


def _normalise(points: Tensor, centred: bool) -> tuple[Tensor, Tensor]:
    """Bring the polygons to size one, jointly or (`centred`) each by itself: (xy, 2, V, B), and the factors (2, B).

    The loss does not change by it, and no product or sum after it can overflow or vanish.
    """
    tiny = torch.finfo(points.dtype).tiny ** 0.5
    first = points[:, :, :1] if centred else points[:, 1:, :1]
    points = 0.5 * points - 0.5 * first  # the difference itself could overflow
    size = points.abs().amax((0, 2))  # (2, B)
    if not centred:
        size = size.amax(0).expand_as(size)
    size = size.clamp_min(tiny)
    points = points / size.unsqueeze(1)
    unit = 0.5 / size
    if centred:
        points = points - points.mean(2, keepdim=True)
        edge = (points.roll(-1, 2) - points).square().sum(0).sqrt().mean(1)
        edge = edge.clamp_min(1 / points.shape[2])  # a ring of size one has it, unless the size is under `tiny`
        points = points / edge.unsqueeze(1)
        unit = unit / edge
    return points, unit


def _by_angle(points: Tensor) -> Tensor:
    """Return the order of each polygon's vertices by angle about their mean: (xy, 2, V, B) to (2, V, B)."""
    x, y = points - points.mean(2, keepdim=True)
    return torch.atan2(y, x).argsort(1)


def _concavity(pred: Tensor) -> Tensor:
    """Return the package's convexity penalty of each ring, (B, V, 2) to (B,)."""
    before = pred.roll(1, 1) - pred
    after = pred.roll(-1, 1) - pred
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    sense = torch.where(cross[:, :1] < 0, -1.0, 1.0).to(cross.dtype)
    return (-sense * cross).clamp_min(0).mean(1)


def _prepare(pred: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Check the shapes and return both in one dtype, float32 or wider."""
    if pred.shape != target.shape or pred.ndim != 3 or pred.shape[2] != 2 or pred.shape[1] < 3:
        raise ValueError(
            f"pred and target must both be (B, V, 2) with V >= 3; got {tuple(pred.shape)} and {tuple(target.shape)}"
        )
    dtype = _wide(pred, target)
    return pred.to(dtype), target.to(dtype)


def _wide(pred: Tensor, target: Tensor) -> torch.dtype:
    return torch.promote_types(torch.promote_types(pred.dtype, target.dtype), torch.float32)


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction={reduction!r} is unknown; use one of {', '.join(REDUCTIONS)}")
    return loss if reduction == "none" else getattr(loss, reduction)()
