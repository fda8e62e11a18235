"""The overlap of two polygons' projections, with its gradient by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bench.losses.polygons import prepare, reduce, refuse_graph

FORMS = ("paper", "centred")
"""The forms of `mgiou_loss`."""

_ROUNDING = 64
"""Lengths that differ by less than so many units of rounding are the same, and an edge so short has no direction."""


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

    A vertex that is not finite makes its row NaN, as in the package.

    Ties, up to rounding, are split evenly, between vertices that project to the same extreme and between polygons whose
    intervals end together. So the gradient is zero at equality, and moves the edge of a parallel box as a whole. In
    form `paper` neither it nor the value depends on the order of vertices, unless two of them lie on one ray from the
    centroid, which those of a convex polygon do not: which of the two comes first is then up to the order. Backward is
    written by hand and refuses `create_graph=True`.

    Args:
        pred: predicted vertices, (B, V, 2).
        target: target vertices, (B, V, 2).
        form: `paper` or `centred`.
        convexity: weight of the package's convexity penalty (MGIoU+): the mean over the ring's corners, as ordered, of
            how far the cross product of a corner's two edges has the other sign than the first corner's. It is in
            the vertices' unit squared.
        reduction: `none`, `mean` or `sum`; the mean of no polygon is NaN, as torch has it.

    Returns:
        (B,), or a scalar when reduced, float32 or wider, each row in [0, 1] but for the penalty.

    Raises:
        ValueError: shapes do not fit, or the form or reduction is unknown.
    """
    if form not in FORMS:
        raise ValueError(f"form={form!r} is unknown; use one of {', '.join(FORMS)}")
    pred, target = prepare(pred, target)
    loss = _MGIoU.apply(pred, target, form == "centred")
    if convexity:
        loss = loss + convexity * _concavity(pred)
    return reduce(loss, reduction)


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
        # A row with a vertex that is no number has no usable axis either, and no size.
        similarity = torch.where(number > 0, (giou * weight).sum(0) / number, 1 + 0 * shortest.sum(0))

        weight = weight / number.clamp_min(1)
        ctx.save_for_backward(points, unit, order, axes, shadows, high, low, slack, extent, giou, weight)
        return (1 - similarity) / 2

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        refuse_graph()
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
