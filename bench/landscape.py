"""What the polygon losses look like around one object: values, gradients, curvature, and how far two gradients agree.

The image is a unit square, laid over a feature grid of `GRID` × `GRID` cells (96 pixels at stride 8). Losses are
computed in grid units, as in training. All of them but the squared distance are the same in any unit; gradients are
not, and are given for both.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import torch
from torch import Tensor

from bench.errors import UserError
from bench.losses import FORMS, l2_loss, mgiou_loss
from bench.margins import ABOUT, LOSS_WITHIN, STRONG

GRID = 12.0
"""Feature-grid cells along a side of the image."""

LOSSES = ("l2", "squared", *(f"mgiou-{form}" for form in FORMS))
"""L2 as trained, the plain mean squared distance in grid units, and MGIoU in its two forms."""

IOU_BINS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Edges of the bins of overlap; pairs that do not overlap have a bin of their own before them."""

_STEPS = 20
_DISTANCES = (0.5, 1.0, 2.0, 5.0, 10.0)
_DESCENT_STEPS = 500


@dataclass(frozen=True)
class Reading:
    """A loss at one prediction.

    Attributes:
        loss: its value.
        per_vertex_grid: mean over the vertices of the length of ∂loss/∂vertex, per grid cell.
        per_vertex_image: the same per image side, `GRID` times as much.
        total_grid: length of the gradient over all vertices at once, per grid cell (what the ledger records).
        total_image: the same per image side.
    """

    loss: float
    per_vertex_grid: float
    per_vertex_image: float
    total_grid: float
    total_image: float

    @property
    def norms(self) -> tuple[float, float, float, float]:
        """The gradient's length by each convention."""
        return self.per_vertex_grid, self.per_vertex_image, self.total_grid, self.total_image


@dataclass(frozen=True)
class Place:
    """Every loss at one prediction.

    Attributes:
        at: where: the share of the way from the full-image box to the target, or the distance moved away from the
            target in image sides.
        iou: IoU of prediction and target.
        readings: by name of the loss.
    """

    at: float
    iou: float
    readings: dict[str, Reading]


@dataclass(frozen=True)
class Convexity:
    """Whether a loss is convex in the prediction, tried on random predictions for the one target.

    Attributes:
        violations: share of pairs (a, b) with `f((a + b) / 2) > (f(a) + f(b)) / 2`; 0 for a convex loss.
        bent_down: share of points whose Hessian has an eigenvalue under 0 by more than rounding.
        least_eigenvalue: median over the points of the Hessian's least eigenvalue, per grid cell squared.
        downhill: share of points where a step straight towards the target lowers the loss. If it is everywhere so,
            there is no local minimum but the target.
    """

    violations: float
    bent_down: float
    least_eigenvalue: float
    downhill: float


@dataclass(frozen=True)
class Agreement:
    """The gradients of L2 and of one MGIoU form over random pairs whose IoU lies in one bin.

    Attributes:
        low: the bin's lower edge (exclusive; the first bin holds IoU = 0 alone).
        high: its upper edge.
        pairs: how many fell into it.
        low_decile: 10 % of the pairs have a smaller cosine.
        median: median cosine.
        high_decile: 10 % have a larger one.
        conflict: share with a cosine under 0.
        ratio: median of ‖∂L2‖ / ‖∂MGIoU‖.
    """

    low: float
    high: float
    pairs: int
    low_decile: float
    median: float
    high_decile: float
    conflict: float
    ratio: float


@dataclass(frozen=True)
class Verdict:
    """A statement people make, and what the figures say: `confirmed`, `partly` or `refuted`."""

    statement: str
    verdict: str
    evidence: str


@dataclass(frozen=True)
class Table:
    """A table for the terminal."""

    title: str
    headers: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Landscape:
    """What `probe` found.

    Attributes:
        area: the target's share of the image.
        tilt: its rotation in radians.
        vertices: V.
        seed: of the random predictions and pairs.
        pairs: how many random pairs were drawn.
        full_image: every loss at the full-image box.
        path: along the straight line from the full-image box (0) to the target (1).
        outside: the target's own shape moved away from it.
        descent: IoU with the target after following each loss's gradient from the full-image box, in steps of
            fixed length that shrink to nothing.
        convexity: by name of the loss.
        agreement: by MGIoU form, a row a bin.
        verdicts: on the statements people make.
    """

    area: float
    tilt: float
    vertices: int
    seed: int
    pairs: int
    full_image: Place
    path: list[Place]
    outside: list[Place]
    descent: dict[str, float]
    convexity: dict[str, Convexity]
    agreement: dict[str, list[Agreement]]
    verdicts: list[Verdict]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dictionaries, lists and numbers; a bin nothing fell into has None."""
        return _without_nan(asdict(self))

    def tables(self) -> list[Table]:
        """Return what the terminal shows: places, shape, agreement, verdicts."""
        return [self._places(), self._shapes(), self._agreements(), self._verdicts()]

    def plot(self, path: Path) -> None:
        """Draw the path and the agreement into a PNG."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        from bench.files import write_atomic

        figure = Figure(figsize=(11, 7), layout="constrained")
        FigureCanvasAgg(figure)
        (values, norms), (away, cosines) = figure.subplots(2, 2)
        for name in LOSSES:
            style = {"label": name, "marker": ".", "markersize": 4}
            on_path = [place.readings[name] for place in self.path]
            shares = [place.at for place in self.path]
            start = on_path[0].loss or 1.0
            values.plot(shares, [reading.loss / start for reading in on_path], **style)
            norms.plot(shares, [reading.per_vertex_image for reading in on_path], **style)
            far = [place.readings[name].per_vertex_image for place in self.outside]
            away.plot([place.at for place in self.outside], far, **style)
        values.set(
            title="Loss, as a share of its value at the full-image box", xlabel="from full-image box (0) to target (1)"
        )
        norms.set(title="Gradient per vertex and image side", xlabel=values.get_xlabel())
        away.set(title="Gradient per vertex and image side, outside", xlabel="image sides away from the target")
        away.set_xscale("log")
        for axes in (norms, away):
            axes.set_yscale("symlog", linthresh=1e-4)
            axes.set_ylim(bottom=0)
        for axes in (values, norms, away):
            axes.legend(fontsize="small")
        for form, rows in self.agreement.items():
            filled = [row for row in rows if row.pairs]
            spread = [
                [row.median - row.low_decile for row in filled],
                [row.high_decile - row.median for row in filled],
            ]
            middle = [row.median for row in filled]
            labels = [_bin(row) for row in filled]
            cosines.errorbar(labels, middle, yerr=spread, label=f"mgiou-{form}", marker="o", capsize=3)
        cosines.axhline(0, color="grey", linewidth=0.8)
        cosines.set(title="Cosine of the gradients of L2 and MGIoU: median, deciles", xlabel="IoU", ylim=(-1, 1))
        cosines.legend(fontsize="small")
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=120)
        write_atomic(path, picture.getvalue())

    def _places(self) -> Table:
        rows = []
        chosen = [("full-image box", self.full_image)]
        chosen += [(f"{place.at:.0%} of the way", place) for place in self.path[_STEPS // 4 :: _STEPS // 4]]
        chosen += [(f"{place.at:g} images away", place) for place in self.outside]
        for where, place in chosen:
            for name, reading in place.readings.items():
                rows.append((where, f"{place.iou:.2f}", name, f"{reading.loss:.3g}", *_short(reading.norms[:2])))
        headers = ("where", "IoU", "loss", "value", "gradient, grid", "gradient, image")
        title = f"Target: {self.area:g} of the image, tilted by {self.tilt:g}; norm of the gradient at a vertex"
        return Table(title, headers, rows)

    def _shapes(self) -> Table:
        rows = [
            (
                name,
                f"{shape.violations:.1%}",
                f"{shape.bent_down:.1%}",
                f"{shape.least_eigenvalue:.3g}",
                f"{shape.downhill:.1%}",
                f"{self.descent[name]:.2f}",
            )
            for name, shape in self.convexity.items()
        ]
        headers = ("loss", "midpoint too high", "bent down", "least eigenvalue", "downhill to target", "IoU reached")
        return Table("Convexity on random predictions; IoU after descent from the full-image box", headers, rows)

    def _agreements(self) -> Table:
        rows = [
            (f"mgiou-{form}", _bin(row), row.pairs, *_short((row.low_decile, row.median, row.high_decile)))
            + (f"{row.conflict:.0%}" if row.pairs else "-", *_short((row.ratio,)))
            for form, bins in self.agreement.items()
            for row in bins
        ]
        headers = ("with", "IoU", "pairs", "10 %", "median", "90 %", "under 0", "‖∂L2‖ / ‖∂MGIoU‖")
        return Table("Cosine of the gradients of L2 and MGIoU over random pairs", headers, rows)

    def _verdicts(self) -> Table:
        rows = [(verdict.verdict, verdict.statement, verdict.evidence) for verdict in self.verdicts]
        return Table("What people say", ("verdict", "statement", "figures"), rows)


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
    verdicts = [
        _box_is_flat(full_image),
        _l2_is_steep(full_image),
        _l2_is_kind(path, outside, convexity["l2"]),
        _gradients_agree(agreement),
        _l2_is_louder(full_image, agreement),
    ]
    return Landscape(
        area, tilt, vertices, seed, pairs, full_image, path, outside, descent, convexity, agreement, verdicts
    )


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


# Verdicts. A statement is taken apart into yes-or-no parts: all true is `confirmed`, none `refuted`, some `partly`.
# None says in what unit its gradients are, so that they are tried in both, per vertex and over all.


def _grade(parts: list[bool]) -> str:
    return "confirmed" if all(parts) else "partly" if any(parts) else "refuted"


def _by_form(statement: str, judge: Callable[[str], tuple[list[bool], str]]) -> Verdict:
    """Judge a statement for each MGIoU form; where the forms differ, it holds partly."""
    judged = {form: judge(form) for form in FORMS}
    grades = {form: _grade(parts) for form, (parts, _) in judged.items()}
    overall = "partly" if len(set(grades.values())) > 1 else grades[FORMS[0]]
    evidence = "; ".join(f"{form} ({grades[form]}): {figures}" for form, (_, figures) in judged.items())
    return Verdict(statement, overall, evidence)


def _box_is_flat(full_image: Place) -> Verdict:
    """0.25 is taken to within `LOSS_WITHIN`, 0.001 to within a factor of `ABOUT` under any convention."""

    def judge(form: str) -> tuple[list[bool], str]:
        reading = full_image.readings[f"mgiou-{form}"]
        parts = [abs(reading.loss - 0.25) <= LOSS_WITHIN, any(_about(0.001, norm) for norm in reading.norms)]
        return parts, f"loss {reading.loss:.3f}, gradient {_span(reading.norms)}"

    return _by_form("full-image boxes sit at loss ≈ 0.25 with MGIoU gradient ≈ 0.001", judge)


def _l2_is_steep(full_image: Place) -> Verdict:
    """Confirmed where one unit has both lengths in the range, partly where one length alone is."""
    reading = full_image.readings["l2"]
    units = {
        "grid cell": (reading.per_vertex_grid, reading.total_grid),
        "image side": (reading.per_vertex_image, reading.total_image),
    }
    inside = {unit: [0.1 <= norm <= 0.5 for norm in norms] for unit, norms in units.items()}
    holding = [unit for unit, parts in inside.items() if all(parts)]
    grade = "confirmed" if holding else "partly" if any(map(any, inside.values())) else "refuted"
    where = f"; so it is per {' and per '.join(holding)}" if holding else ""
    return Verdict("L2's gradient there is 0.1–0.5", grade, f"gradient {_span(reading.norms)}{where}")


def _l2_is_kind(path: list[Place], outside: list[Place], convexity: Convexity) -> Verdict:
    """Strong: one and two image sides away, at least `STRONG` of the largest gradient met."""
    met = {place.at: place.readings["l2"].per_vertex_grid for place in outside}
    largest = max([*met.values(), *(place.readings["l2"].per_vertex_grid for place in path)])
    left = {at: met[at] / largest for at in (1.0, 2.0)}
    parts = [*(share >= STRONG for share in left.values()), convexity.downhill == 1]
    return Verdict(
        "L2 is strong for large errors and has no local minima",
        _grade(parts),
        f"of its largest gradient {left[1.0]:.0%} is left one image side away, {left[2.0]:.2g} two away; "
        f"downhill to the target at {convexity.downhill:.0%} of the points tried, though not convex "
        f"(midpoint too high for {convexity.violations:.0%} of pairs)",
    )


def _gradients_agree(agreement: dict[str, list[Agreement]]) -> Verdict:
    """In every bin of IoU the median cosine lies in the range, in some, or in none."""

    def judge(form: str) -> tuple[list[bool], str]:
        rows = [row for row in agreement[form] if row.pairs]
        figures = ", ".join(f"{row.median:.2f} at IoU {_bin(row)}" for row in rows)
        return [0.5 <= row.median <= 0.8 for row in rows], f"median {figures}"

    return _by_form("the two gradients have cosine 0.5–0.8", judge)


def _l2_is_louder(full_image: Place, agreement: dict[str, list[Agreement]]) -> Verdict:
    """100 is taken to within a factor of `ABOUT`, at the full-image box and in the median of every bin of IoU."""

    def judge(form: str) -> tuple[list[bool], str]:
        mgiou = full_image.readings[f"mgiou-{form}"].total_grid
        at_box = full_image.readings["l2"].total_grid / mgiou if mgiou > 1e-12 else math.inf
        rows = [row for row in agreement[form] if row.pairs]
        ratios = [at_box, *(row.ratio for row in rows)]
        figures = ", ".join(f"{row.ratio:.2g} at IoU {_bin(row)}" for row in rows)
        return [_about(100, ratio) for ratio in ratios], f"ratio {at_box:.2g} at the full-image box, median {figures}"

    return _by_form("L2's gradients are about 100 times MGIoU's", judge)


def _about(quoted: float, found: float) -> bool:
    return quoted / ABOUT <= found <= quoted * ABOUT


# Words


def _span(norms: tuple[float, float, float, float]) -> str:
    grid, image, total_grid, total_image = norms
    return (
        f"{grid:.2g} a vertex and grid cell, {image:.2g} a vertex and image side, "
        f"{total_grid:.2g} and {total_image:.2g} over all vertices"
    )


def _bin(row: Agreement) -> str:
    return "0" if row.high == 0 else f"{row.low:g}–{row.high:g}"


def _short(values: tuple[float, ...]) -> tuple[str, ...]:
    return tuple("-" if math.isnan(value) else f"{value:.3g}" for value in values)


def _share(truths: Tensor) -> float:
    return float(truths.double().mean())


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
