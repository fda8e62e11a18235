"""What the polygon losses look like around one object: values, gradients, curvature, and how far two gradients agree.

The image is a unit square, laid over a feature grid of `GRID` × `GRID` cells (96 pixels at stride 8). Losses are
computed in grid units, as in training. All of them but the squared distance are the same in any unit; gradients are
not, and are given for both.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
import torch
from torch import Tensor

from bench.errors import UserError
from bench.losses import FORMS, l2_loss, mgiou_loss
from bench.probe.model import GRID, IOU_BINS, LOSSES, Agreement, Convexity, Landscape, Place, Reading

_STEPS = 20
_DISTANCES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Image sides; a claim reads a place by its number, so that more may only be added at the end."""
_DESCENT_STEPS = 500


def probe(area: float = 0.62, tilt: float = 0.2, vertices: int = 4, seed: int = 0, pairs: int = 2000) -> Landscape:
    """Measure the losses around a tilted square in the middle of the image.

    Args:
        area: the target's share of the image.
        tilt: its rotation in radians, under π/4 either way (past it, another corner would be the first).
        vertices: V, 4 to 16; beyond four they stand on the edges.
        seed: of the random predictions and pairs.
        pairs: how many random pairs to draw, at least 100.

    Raises:
        UserError: an argument makes no sense, or the target would leave the image.
    """
    _check(area, tilt, vertices, pairs)
    generator = torch.Generator().manual_seed(seed)
    box = _full_image(vertices)
    target = _target(box, area, tilt)
    losses = _losses(target)

    shares = torch.linspace(0, 1, _STEPS + 1, dtype=torch.float64)
    path = _places(losses, torch.lerp(box, target, shares[:, None, None]), target, shares.tolist())
    full_image = path[0]
    moves = GRID * torch.tensor([[distance, 0.0] for distance in _DISTANCES], dtype=torch.float64)
    outside = _places(losses, target + moves[:, None], target, _DISTANCES)
    descent = {name: _descend(loss, box, target) for name, loss in losses.items()}
    tried = _predictions(target.expand(pairs, -1, -1), generator)
    convexity = {name: _convexity(loss, tried, target) for name, loss in losses.items()}
    targets = _random_targets(box, pairs, generator)
    agreement = _agreement(_predictions(targets, generator), targets)
    return Landscape(area, tilt, vertices, seed, pairs, full_image, path, outside, descent, convexity, agreement)


# Shapes


def _check(area: float, tilt: float, vertices: int, pairs: int) -> None:
    if not 4 <= vertices <= 16:
        raise UserError(f"probe: vertices={vertices} must lie between 4 and 16; a full-image box has four corners")
    if not abs(tilt) < math.pi / 4:
        raise UserError(f"probe: tilt={tilt:g} must lie between -π/4 and π/4, in radians")
    largest = (math.cos(tilt) + abs(math.sin(tilt))) ** -2
    if not 0 < area <= largest:
        raise UserError(
            f"probe: area={area:g} does not fit the image at tilt {tilt:g}; use a share up to {largest:.2f}"
        )
    if pairs < 100:
        raise UserError(f"probe: pairs={pairs} is too few for a share in a bin; use at least 100")


def _full_image(vertices: int) -> Tensor:
    """The image's outline, clockwise on screen from the top left, vertices past four spread over its edges: (V, 2)."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    ring = []
    for edge in range(4):
        parts = vertices // 4 + (edge < vertices % 4)
        for part in range(parts):
            ring.append(corners[edge] + (corners[(edge + 1) % 4] - corners[edge]) * part / parts)
    return GRID * torch.tensor(np.array(ring), dtype=torch.float64)


def _target(box: Tensor, area: float, tilt: float) -> Tensor:
    """The box shrunk and turned about the image's centre."""
    cos, sin = math.cos(tilt), math.sin(tilt)
    turn = torch.tensor([[cos, sin], [-sin, cos]], dtype=box.dtype)
    return math.sqrt(area) * (box - GRID / 2) @ turn + GRID / 2


def _random_targets(box: Tensor, number: int, generator: torch.Generator) -> Tensor:
    """Tilted rectangles of 0.1 to 0.8 image sides around the image's centre: (N, V, 2)."""
    sides = _uniform((number, 1, 2), 0.1, 0.8, generator)
    tilt = _uniform((number,), -math.pi / 4, math.pi / 4, generator)
    cos, sin = tilt.cos(), tilt.sin()
    turn = torch.stack((torch.stack((cos, sin), -1), torch.stack((-sin, cos), -1)), 1)
    centre = GRID * _uniform((number, 1, 2), 0.3, 0.7, generator)
    return (box - GRID / 2) * sides @ turn + centre


def _predictions(targets: Tensor, generator: torch.Generator) -> Tensor:
    """The targets moved, scaled and with every vertex disturbed, by anything from 1 % to 100 % of their size."""
    number = len(targets)
    centre = targets.mean(1, keepdim=True)
    size = (targets - centre).norm(dim=2).mean(1)[:, None, None]
    strength = 10 ** _uniform((number, 1, 1), -2, 0, generator)
    scale = torch.exp(strength * _normal((number, 1, 1), generator))
    move = strength * size * _normal((number, 1, 2), generator)
    disturbance = 0.5 * strength * size * _normal(targets.shape, generator)
    return centre + scale * (targets - centre) + move + disturbance


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, dtype=torch.float64, generator=generator)


def _normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def _iou(pred: Tensor, target: Tensor) -> np.ndarray:
    """IoU of the convex hulls, (N, V, 2) each: (N,)."""
    one, other = (shapely.convex_hull(shapely.polygons(ring.numpy())) for ring in (pred, target))
    overlap = shapely.area(shapely.intersection(one, other))
    return overlap / (shapely.area(one) + shapely.area(other) - overlap)


# Measurements


def _losses(targets: Tensor) -> dict[str, Callable[[Tensor], Tensor]]:
    """Each loss as a function of predictions (N, V, 2) alone, giving (N,); `targets` is (V, 2), or (N, V, 2)."""

    def l2(pred: Tensor) -> Tensor:
        wide = targets.expand_as(pred)
        sides = wide.amax(1) - wide.amin(1)
        return l2_loss(pred, wide, torch.ones(pred.shape[:2]), sides.prod(1))

    def squared(pred: Tensor) -> Tensor:
        return (pred - targets).square().sum(2).mean(1)

    def mgiou(form: str) -> Callable[[Tensor], Tensor]:
        return lambda pred: mgiou_loss(pred, targets.expand_as(pred), form)

    return dict(zip(LOSSES, (l2, squared, *(mgiou(form) for form in FORMS)), strict=True))


def _measure(loss: Callable[[Tensor], Tensor], pred: Tensor) -> tuple[Tensor, Tensor]:
    """Return values (N,) and gradients (N, V, 2)."""
    leaf = pred.detach().clone().requires_grad_()
    value = loss(leaf)
    (gradient,) = torch.autograd.grad(value.sum(), leaf)
    return value.detach(), gradient


def _places(losses: dict[str, Callable[[Tensor], Tensor]], preds: Tensor, target: Tensor, at: Any) -> list[Place]:
    readings: list[dict[str, Reading]] = [{} for _ in preds]
    for name, loss in losses.items():
        values, gradients = _measure(loss, preds)
        per_vertex, total = gradients.norm(dim=2).mean(1), gradients.flatten(1).norm(dim=1)
        for row, value, each, whole in zip(readings, values.tolist(), per_vertex.tolist(), total.tolist(), strict=True):
            row[name] = Reading(value, each, GRID * each, whole, GRID * whole)
    ious = _iou(preds, target.expand_as(preds)).tolist()
    return [Place(where, iou, row) for where, iou, row in zip(at, ious, readings, strict=True)]


def _descend(loss: Callable[[Tensor], Tensor], start: Tensor, target: Tensor) -> float:
    pred = start[None]
    for step in range(_DESCENT_STEPS):
        _, gradient = _measure(loss, pred)
        length = 0.02 * GRID * (1 - step / _DESCENT_STEPS)
        pred = pred - length * gradient / gradient.norm().clamp_min(1e-12)
    return float(_iou(pred, target[None])[0])


def _convexity(loss: Callable[[Tensor], Tensor], points: Tensor, target: Tensor) -> Convexity:
    values, gradients = _measure(loss, points)
    half = len(points) // 2
    one, other = points[:half], points[half : 2 * half]
    middle = loss((one + other) / 2)
    mean = (values[:half] + values[half : 2 * half]) / 2
    least = _least_eigenvalues(loss, points[:200])
    towards = ((target - points) * gradients).sum((1, 2))
    return Convexity(
        violations=_share(middle > mean + 1e-9),
        bent_down=_share(least < -1e-7),
        least_eigenvalue=float(least.median()),
        downhill=_share(towards < 0),
    )


def _least_eigenvalues(loss: Callable[[Tensor], Tensor], points: Tensor, step: float = 1e-5) -> Tensor:
    """Smallest eigenvalue of the Hessian, by central differences of the gradient, per point."""
    number, size = len(points), points[0].numel()
    nudges = step * torch.eye(size, dtype=points.dtype).view(size, *points.shape[1:])
    sides = [
        _measure(loss, (points[:, None] + sign * nudges).flatten(0, 1))[1].view(number, size, size) for sign in (1, -1)
    ]
    hessian = (sides[0] - sides[1]) / (2 * step)
    return torch.linalg.eigvalsh((hessian + hessian.mT) / 2)[:, 0]


def _agreement(preds: Tensor, targets: Tensor) -> dict[str, list[Agreement]]:
    losses = _losses(targets)
    ious = _iou(preds, targets)
    edges = [(0.0, 0.0), *itertools.pairwise(IOU_BINS)]
    g_l2 = _measure(losses["l2"], preds)[1].flatten(1)
    found = {}
    for form in FORMS:
        g_mgiou = _measure(losses[f"mgiou-{form}"], preds)[1].flatten(1)
        cosine = torch.nn.functional.cosine_similarity(g_l2, g_mgiou, eps=1e-30).numpy()
        ratio = (g_l2.norm(dim=1) / g_mgiou.norm(dim=1).clamp_min(1e-30)).numpy()
        rows = []
        for low, high in edges:
            inside = (ious == 0) if high == 0 else (ious > low) & (ious <= high)
            rows.append(_agreement_row(low, high, cosine[inside], ratio[inside]))
        found[form] = rows
    return found


def _agreement_row(low: float, high: float, cosine: np.ndarray, ratio: np.ndarray) -> Agreement:
    if not len(cosine):
        return Agreement(low, high, 0, *[math.nan] * 5)
    deciles = np.quantile(cosine, (0.1, 0.5, 0.9)).tolist()
    return Agreement(low, high, len(cosine), *deciles, float((cosine < 0).mean()), float(np.median(ratio)))


def _share(truths: Tensor) -> float:
    return float(truths.double().mean())
