"""The losses against golden values, properties, the `mgiou` package and plain autograd."""

from __future__ import annotations

import copy
import math
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mgiou import MGIoU2DPlus
from torch import Tensor

from bench.losses import FORMS, SCHEDULES, HybridPolygonLoss, combine, l2_loss, loss_terms, mgiou_loss
from tests.loaded import loaded

UNIT = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]

thorough = settings(deadline=None, max_examples=60)


def row(*points: list[list[float]]) -> Tensor:
    return torch.tensor(points, dtype=torch.float64)


def random_convex(batch: int, vertices: int, seed: int) -> Tensor:
    """Polygons inscribed in ellipses, vertices in ring order, any two of them well apart."""
    rng = np.random.default_rng(seed)
    gaps = rng.uniform(0.3, 1, (batch, vertices))
    angle = 2 * np.pi * gaps.cumsum(1) / gaps.sum(1, keepdims=True) + rng.uniform(0, 6, (batch, 1))
    x, y = rng.uniform(1, 4, (2, batch, 1)) * np.stack((np.cos(angle), np.sin(angle)))
    turn = rng.uniform(0, 6, (batch, 1))
    ring = np.stack((x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)), -1)
    return torch.from_numpy(ring + rng.uniform(-2, 2, (batch, 1, 2)))


def value_and_gradient(loss, pred: Tensor, *args, **kwargs) -> tuple[Tensor, Tensor]:
    pred = pred.clone().requires_grad_()
    value = loss(pred, *args, **kwargs)
    (gradient,) = torch.autograd.grad(value.sum(), pred)
    return value.detach(), gradient


@st.composite
def pairs(draw) -> tuple[Tensor, Tensor]:
    vertices, seed = draw(st.integers(3, 16)), draw(st.integers(0, 2**32 - 1))
    both = random_convex(2, vertices, seed)
    return both[:1], both[1:]


@st.composite
def wild(draw) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Any finite float32 polygons, often with repeated vertices, on one line, or far beyond any image; any area."""
    vertices = draw(st.integers(3, 16))
    finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
    few = st.sampled_from(draw(st.lists(finite, min_size=1, max_size=4)))
    coordinate = draw(st.sampled_from([finite, few, st.floats(-1e6, 1e6, width=32)]))
    both = torch.from_numpy(draw(arrays(np.float32, (2, 1, vertices, 2), elements=coordinate)))
    if draw(st.booleans()):
        both[..., 1] = both[..., 0]
    visible = torch.from_numpy(draw(arrays(bool, (1, vertices))))
    area = torch.tensor([draw(st.floats(0, allow_nan=False, allow_infinity=False, width=32))])
    return both[0], both[1], visible, area


# L2


def test_l2_golden():
    square = row(UNIT)
    visible = torch.tensor([[1, 1, 0, 1]])
    moved = square.clone()
    moved[0, 0] += torch.tensor([3.0, 4.0])  # d = 25
    moved[0, 2] += 100  # invisible
    loss = l2_loss(moved, square, visible, torch.tensor([50.0]))
    assert loss.item() == pytest.approx((1 - math.exp(-0.5)) / 3, rel=1e-14)


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_l2_is_the_formula(shape):
    rng = np.random.default_rng(0)
    pred, target = torch.from_numpy(rng.normal(size=(2, 5, 6, 2)))
    visible = torch.from_numpy(rng.integers(0, 2, (5, 6)))
    visible[0] = 0
    area = torch.from_numpy(rng.uniform(0.5, 5, shape))
    expected = []
    for b in range(5):
        terms = [
            (1 - math.exp(-float((pred[b, i] - target[b, i]).square().sum()) / float(area[b])))
            for i in range(6)
            if visible[b, i]
        ]
        expected.append(sum(terms) / len(terms) if terms else 0.0)
    for mask in (visible, visible.bool(), visible.double()):
        torch.testing.assert_close(
            l2_loss(pred, target, mask, area), torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-14
        )


def test_l2_as_ultralytics_writes_it():
    """(V / visible) · mean over V of the masked terms: the same number."""
    pred, target = random_convex(7, 5, 1), random_convex(7, 5, 2)
    visible = torch.from_numpy(np.random.default_rng(3).integers(0, 2, (7, 5)))
    area = torch.full((7,), 9.0, dtype=torch.float64)
    factor = 5 / visible.sum(1).clamp_min(1)
    terms = (1 - torch.exp(-(pred - target).square().sum(-1) / area[:, None])) * visible
    torch.testing.assert_close(l2_loss(pred, target, visible, area), factor * terms.mean(1))


def test_l2_with_nothing_visible_is_zero():
    value, gradient = value_and_gradient(l2_loss, row(UNIT), row(UNIT) + 1, torch.zeros(1, 4), torch.ones(1))
    assert value.item() == 0
    assert not gradient.any()


def test_l2_gradcheck():
    pred, target = random_convex(3, 4, 4), random_convex(3, 4, 5)
    visible = torch.tensor([[1, 1, 1, 1], [1, 0, 1, 1], [0, 0, 0, 0]])
    area = torch.tensor([3.0, 9.0, 27.0], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda p: l2_loss(p, target, visible, area), pred.requires_grad_())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_l2_and_its_gradient_are_exact_near_and_far(dtype):
    """exp(-d / A) is tiny far away, and still the gradient's size: 17 areas away single precision has lost 1 + it."""
    times = torch.tensor([1e-12, 1e-6, 1e-3, 0.5, 0.999, 1.0, 2.0, 8.0, 17.0, 40.0, 80.0], dtype=torch.float64)
    along = times.sqrt().to(dtype)  # the distance along x, as this precision can say it
    pred = torch.zeros(len(times), 3, 2, dtype=dtype)
    pred[:, 0, 0] = along
    first = torch.tensor([[1, 0, 0]]).expand(len(times), 3)
    loss, grad = value_and_gradient(l2_loss, pred, torch.zeros_like(pred), first, torch.ones(len(times)))
    exact, rtol = along.double(), 100 * torch.finfo(dtype).eps
    torch.testing.assert_close(loss.double(), -torch.expm1(-exact.square()), rtol=rtol, atol=0.0)
    torch.testing.assert_close(grad[:, 0, 0].double(), 2 * exact * torch.exp(-exact.square()), rtol=rtol, atol=0.0)


def test_l2_saturates():
    """Far away it is 1 and its gradient is gone: it is neither strong for large errors nor convex."""
    value, gradient = value_and_gradient(l2_loss, row(UNIT) + 100, row(UNIT), torch.ones(1, 4), torch.ones(1))
    assert value.item() == 1
    assert not gradient.any()


# MGIoU


@pytest.mark.parametrize(
    ("pred", "expected"),
    [
        (UNIT, 0.0),
        ([[0.5, 0], [1.5, 0], [1.5, 1], [0.5, 1]], 1 / 6),  # x: 1/3, y: 1
        ([[3, 0], [4, 0], [4, 1], [3, 1]], 3 / 8),  # x: -2/4, y: 1
        ([[-0.5, -0.5], [1.5, -0.5], [1.5, 1.5], [-0.5, 1.5]], 1 / 4),  # both: 1/2
        ([[0, 0], [1, 1], [1, 0], [0, 1]], 0.0),  # the same four points as a bow tie
        ([[0.5, 0.5]] * 4, 1 / 2),  # a point inside: no overlap, no gap
        ([[2, 0.5]] * 4, 5 / 8),  # a point outside: x: -1/2, y: 0
    ],
)
def test_mgiou_golden(pred, expected):
    assert mgiou_loss(row(pred), row(UNIT)).item() == pytest.approx(expected, abs=1e-15)


def test_mgiou_gradient_at_an_upright_box_golden():
    """A box of side 2 around one of side 1: 1/32 at every vertex and coordinate, outwards; `centred` is content."""
    around = row([[-0.5, -0.5], [1.5, -0.5], [1.5, 1.5], [-0.5, 1.5]])
    _, paper = value_and_gradient(mgiou_loss, around, row(UNIT))
    torch.testing.assert_close(paper, torch.sign(around - 0.5) / 32)
    value, centred = value_and_gradient(mgiou_loss, around, row(UNIT), "centred")
    assert value.item() == 0
    assert not centred.any()


@pytest.mark.parametrize("vertices", range(3, 17))
@pytest.mark.parametrize("convexity", [0.0, 0.3])
def test_mgiou_equals_the_package(vertices, convexity):
    pred, target = random_convex(40, vertices, vertices), random_convex(40, vertices, 100 + vertices)
    pred[20:] += 0.2 * torch.randn(pred[20:].shape, generator=torch.Generator().manual_seed(0))  # some not convex
    target.requires_grad_()
    theirs = MGIoU2DPlus(convex_weight=convexity, reduction="none")
    results = []
    for loss in (theirs, lambda p, t: mgiou_loss(p, t, convexity=convexity)):
        leaf = pred.clone().requires_grad_()
        value = loss(leaf, target)
        results.append((value, *torch.autograd.grad(value.sum(), (leaf, target))))
    for expected, got in zip(*results, strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-6)


def test_mgiou_equals_the_package_where_intervals_tie():
    """Upright boxes in whole numbers: every projection ties.

    Row by row the package splits evenly as well; under its `vmap` it picks the vertex that comes first.
    """
    low, size = torch.from_numpy(np.random.default_rng(0).integers(0, 6, (2, 50, 2, 1, 2))).double()
    pred, target = (low + (size + 1) * row(UNIT)).unbind(1)

    def theirs(pred: Tensor) -> Tensor:
        return torch.stack([(1 - MGIoU2DPlus()._mgiou_single(*pair)) / 2 for pair in zip(pred, target, strict=True)])

    for got, expected in zip(
        value_and_gradient(mgiou_loss, pred, target), value_and_gradient(theirs, pred), strict=True
    ):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ties_hold_up_to_rounding(dtype):
    """A tilted box around a parallel one ties as an upright box does, though no two projections are the same bits."""
    cos, sin = math.cos(0.3), math.sin(0.3)
    turn = torch.tensor([[cos, sin], [-sin, cos]], dtype=torch.float64)
    around, inner = row([[-0.5, -0.5], [1.5, -0.5], [1.5, 1.5], [-0.5, 1.5]]), row(UNIT)
    _, gradient = value_and_gradient(mgiou_loss, (around @ turn).to(dtype), (inner @ turn).to(dtype))
    torch.testing.assert_close(gradient.double() @ turn.T, torch.sign(around - 0.5) / 32, rtol=0, atol=1e-6)
    _, gradient = value_and_gradient(mgiou_loss, (7 * around @ turn + 3).to(dtype), (inner @ turn).to(dtype), "centred")
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_reductions(reduction):
    pred, target = random_convex(6, 5, 1), random_convex(6, 5, 2)
    torch.testing.assert_close(
        mgiou_loss(pred, target, reduction=reduction), MGIoU2DPlus(reduction=reduction)(pred, target)
    )
    args = (pred, target, torch.ones(6, 5), torch.ones(6))
    torch.testing.assert_close(l2_loss(*args, reduction=reduction), getattr(l2_loss(*args), reduction)())


@pytest.mark.parametrize("vertices", [3, 4, 8])
def test_centred_is_the_package_on_centred_polygons(vertices):
    def centre(ring: Tensor) -> Tensor:
        length = (ring.roll(-1, 1) - ring).norm(dim=-1).mean(1)
        return (ring - ring.mean(1, keepdim=True).detach()) / length.detach()[:, None, None]

    pred, target = random_convex(30, vertices, 1), random_convex(30, vertices, 2)
    expected = value_and_gradient(lambda p: MGIoU2DPlus(reduction="none")(centre(p), centre(target)), pred)
    got = value_and_gradient(mgiou_loss, pred, target, "centred")
    torch.testing.assert_close(got[0], expected[0], rtol=0, atol=1e-9)
    torch.testing.assert_close(got[1], expected[1], rtol=0, atol=1e-9)


@pytest.mark.parametrize("vertices", [3, 4, 7])
def test_mgiou_gradcheck(vertices):
    pred, target = random_convex(4, vertices, 6), random_convex(4, vertices, 7)
    pred[2] += 20  # disjoint
    assert torch.autograd.gradcheck(mgiou_loss, (pred.requires_grad_(), target.requires_grad_()))


def test_convexity_gradcheck():
    pred, target = random_convex(4, 6, 8), random_convex(4, 6, 9)
    pred[:, 1] = pred.mean(1)  # a dent
    assert torch.autograd.gradcheck(lambda p: mgiou_loss(p, target, convexity=0.5), pred.requires_grad_())


def test_second_derivative_is_refused():
    pred, target = random_convex(1, 4, 0).requires_grad_(), random_convex(1, 4, 1)
    terms = loss_terms(pred, target, torch.ones(1, 4), torch.ones(1))
    for loss in (mgiou_loss(pred, target, reduction="sum"), combine(pred, terms, 1.0, 1.0)):
        with pytest.raises(RuntimeError, match="no second derivative"):
            torch.autograd.grad(loss, pred, create_graph=True)


@thorough
@given(pairs(), st.sampled_from(FORMS))
def test_zero_exactly_at_equality(both, form):
    value, gradient = value_and_gradient(mgiou_loss, both[0], both[0], form)
    assert value.item() == 0
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-12)


@thorough
@given(pairs())
def test_paper_is_symmetric_bounded_and_positive_apart(both):
    pred, target = both
    loss = mgiou_loss(pred, target)
    assert 0 < loss.item() <= 1
    torch.testing.assert_close(mgiou_loss(target, pred), loss)


@thorough
@given(pairs(), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(0, 6.3), st.floats(1e-3, 1e3))
def test_invariant_to_a_joint_move_turn_and_scaling(both, dx, dy, turn, scale):
    cos, sin = math.cos(turn), math.sin(turn)
    matrix = scale * torch.tensor([[cos, sin], [-sin, cos]], dtype=torch.float64)
    shift = torch.tensor([dx, dy], dtype=torch.float64)
    before = value_and_gradient(mgiou_loss, *both)
    after = value_and_gradient(mgiou_loss, *(ring @ matrix + shift for ring in both))
    torch.testing.assert_close(after[0], before[0], rtol=0, atol=1e-8)
    torch.testing.assert_close(after[1] @ matrix.T, before[1], rtol=1e-4, atol=1e-6)


@thorough
@given(pairs(), st.randoms(use_true_random=False))
def test_vertex_order_is_free(both, random):
    pred, target = both
    orders = [random.sample(range(pred.shape[1]), pred.shape[1]) for _ in both]
    before = value_and_gradient(mgiou_loss, pred, target)
    after = value_and_gradient(mgiou_loss, pred[:, orders[0]], target[:, orders[1]])
    torch.testing.assert_close(after[0], before[0], rtol=0, atol=1e-12)
    torch.testing.assert_close(after[1], before[1][:, orders[0]], rtol=0, atol=1e-9)


@thorough
@given(pairs(), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(1e-2, 1e2))
def test_centred_knows_neither_place_nor_size(both, dx, dy, scale):
    pred, target = both
    moved = scale * pred + torch.tensor([dx, dy], dtype=torch.float64)
    torch.testing.assert_close(
        mgiou_loss(moved, target, "centred"), mgiou_loss(pred, target, "centred"), rtol=0, atol=1e-8
    )


def test_any_square_anywhere_is_a_perfect_match_for_a_centred_square():
    assert mgiou_loss(40 * row(UNIT) - 700, row(UNIT), "centred").item() == pytest.approx(0, abs=1e-15)


@thorough
@given(pairs(), st.integers(0, 15), st.booleans(), st.sampled_from(FORMS))
def test_ring_may_start_anywhere_and_run_either_way(both, start, reverse, form):
    pred, target = both
    turned = pred.roll(start, 1)
    turned = turned.flip(1) if reverse else turned
    torch.testing.assert_close(mgiou_loss(turned, target, form), mgiou_loss(pred, target, form), rtol=0, atol=1e-12)


# Degenerate shapes


@pytest.mark.parametrize("vertices", [5, 8, 16])
def test_padding_changes_nothing(vertices):
    """A vertex said again adds an edge of no length."""
    pred, target = random_convex(20, 4, 1), random_convex(20, 4, 2)

    def pad(ring: Tensor) -> Tensor:
        return torch.cat((ring, ring[:, -1:].expand(-1, vertices - 4, -1)), 1)

    torch.testing.assert_close(mgiou_loss(pad(pred), pad(target)), mgiou_loss(pred, target))


def test_a_masked_vertex_is_left_out_of_l2_alone_and_a_repeated_one_pads():
    """As the drop-in says: MGIoU takes a padded target's zeros for a vertex, and a vertex said again for none."""
    square, mask, area = 4 * row(UNIT) + 4, torch.tensor([[1, 1, 1, 1, 0, 0]]), torch.ones(1)
    repeated = torch.cat((square, square[:, :1], square[:, :1]), 1)
    zeros = torch.cat((square, torch.zeros(1, 2, 2, dtype=square.dtype)), 1)
    found = [HybridPolygonLoss()(repeated, target, mask, area)[2] for target in (repeated, zeros)]
    assert [float(one["l2_loss"]) for one in found] == [0, 0]
    assert float(found[0]["mgiou_loss"]) == 0 < 0.1 < float(found[1]["mgiou_loss"])


def test_of_two_vertices_on_one_ray_from_the_centroid_the_order_tells():
    """What the docstring takes out of the freedom of order; no convex polygon has such a pair."""
    pred = row([[1, 0], [2, 0], [-1.5, 1], [-1.5, -1]])
    assert not torch.equal(*(mgiou_loss(one, row(UNIT)) for one in (pred, pred[:, [1, 0, 2, 3]])))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_mean_of_no_polygon_is_nan_and_the_sum_zero(reduction):
    none = torch.empty(0, 4, 2)
    for loss in (
        mgiou_loss(none, none, reduction=reduction),
        l2_loss(none, none, torch.empty(0, 4), torch.empty(0), reduction),
    ):
        assert loss.isnan() if reduction == "mean" else loss == 0


@pytest.mark.parametrize(
    ("pred", "target", "expected"),
    [
        ([[5, 5], [5, 5], [5, 5]], [[5, 5], [5, 5], [5, 5]], 0.0),  # one point
        ([[5, 5], [5, 5], [5, 5]], [[5, 7], [5, 7], [5, 7]], 1.0),  # two points
        ([[0, 0], [1, 1], [2, 2]], [[1, 1], [3, 3], [2, 2]], 1 / 3),  # [0, 2] and [1, 3] on one line
        ([[0, 0], [0, 4], [0, 1]], [[0, 0], [0, 1], [0, 1]], 3 / 8),  # upright line, 1 of 4
        ([[0, 0], [2, 0], [1, 0]], [[0, 1], [2, 1], [1, 1]], 1.0),  # parallel lines: a gap on the only normal
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shapes_without_area(pred, target, expected, dtype):
    value, gradient = value_and_gradient(mgiou_loss, row(pred).to(dtype), row(target).to(dtype))
    assert value.item() == pytest.approx(expected, abs=1e-6)
    assert gradient.isfinite().all()


def test_on_one_line_the_gradient_still_pulls():
    """Moving a distant segment towards the other, along their line, lowers the loss."""
    pred, target = row([[9, 9], [7, 7], [8, 8]]), row([[0, 0], [1, 1], [2, 2]])
    _, gradient = value_and_gradient(mgiou_loss, pred, target)
    assert mgiou_loss(pred - 0.1 * torch.sign(gradient), target).item() < mgiou_loss(pred, target).item()


@settings(deadline=None, max_examples=300)
@given(wild(), st.sampled_from(FORMS))
def test_finite_for_any_finite_input(case, form):
    pred, target, visible, area = case
    for loss, args in ((mgiou_loss, (target, form)), (l2_loss, (target, visible, area))):
        value, gradient = value_and_gradient(loss, pred, *args)
        assert 0 <= value.item() <= 1
        assert gradient.isfinite().all()
    assert mgiou_loss(pred, pred.clone(), form).item() == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_finite_for_extreme_values_together(dtype):
    """The ends of the number line beside ordinary values, in batches: what a search by chance seldom meets."""
    info = torch.finfo(dtype)
    ends = [info.max, -info.max, info.tiny, -info.tiny, info.tiny * info.eps, 1e20, 1e-20, 1e6, 1e6 + 0.0625]
    values = torch.tensor([*ends, 0.0, 1.0, -1.0, 1 / 3, info.eps], dtype=dtype)
    rng = np.random.default_rng(0)
    for vertices in (3, 4, 8, 16):
        for kinds in (1, 2, 3, 14):
            pool = values[rng.permutation(len(values))[:kinds]]
            pred, target = pool[torch.from_numpy(rng.integers(0, kinds, (2, 500, vertices, 2)))]
            area = pool.abs()[torch.from_numpy(rng.integers(0, kinds, 500))]
            for loss, args in (
                *((mgiou_loss, (target, form)) for form in FORMS),
                (l2_loss, (target, torch.ones(500, vertices), area)),
            ):
                value, gradient = value_and_gradient(loss, pred, *args)
                assert ((value >= 0) & (value <= 1)).all()
                assert gradient.isfinite().all()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("form", FORMS)
def test_a_vertex_that_is_no_number_is_no_match(form, value):
    pred = row(UNIT, UNIT)
    pred[1, 2, 0] = value
    loss = mgiou_loss(pred, row(UNIT, UNIT), form)
    assert loss[0] == 0
    assert loss[1].isnan()


def test_far_from_the_origin_in_single_precision():
    pred, target = (row(UNIT) * 4, row(UNIT) * 3 + 0.25)
    near = value_and_gradient(mgiou_loss, pred, target)
    far = value_and_gradient(mgiou_loss, (pred + 2**20).float(), (target + 2**20).float())
    torch.testing.assert_close(far[0].double(), near[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(far[1].double(), near[1], rtol=0, atol=1e-6)


# Precision, device and shapes


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened(dtype):
    pred, target = random_convex(5, 4, 1).to(dtype), random_convex(5, 4, 2).to(dtype)
    expected = value_and_gradient(mgiou_loss, pred.float(), target.float())
    value, gradient = value_and_gradient(mgiou_loss, pred, target)
    assert value.dtype == torch.float32
    assert gradient.dtype == dtype
    assert torch.equal(value, expected[0])
    assert torch.equal(gradient, expected[1].to(dtype))


def test_autocast_changes_nothing():
    pred, target = random_convex(5, 4, 1).float(), random_convex(5, 4, 2).float()
    args = (pred, target, torch.ones(5, 4), torch.ones(5))
    plain = loss_terms(*args)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = loss_terms(*args)
    for name in ("l2", "mgiou", "g_l2", "g_mgiou", "gram"):
        assert torch.equal(getattr(cast, name), getattr(plain, name))


@pytest.mark.parametrize("form", FORMS)
def test_never_waits_for_the_device(form):
    """On the meta device there are shapes and no numbers: whatever needs a number on the host raises."""
    like = {"device": "meta", "dtype": torch.float32}
    pred, target = torch.empty(6, 5, 2, requires_grad=True, **like), torch.empty(6, 5, 2, **like)
    visible, area = torch.empty(6, 5, device="meta", dtype=torch.bool), torch.empty(6, **like)
    terms = loss_terms(pred, target, visible, area, form)
    combine(pred, terms, 0.5, torch.empty((), **like)).backward()
    assert pred.grad is not None
    total, _, _ = HybridPolygonLoss(form=form).to("meta")(pred, target, visible, area)
    assert total.shape == ()
    mgiou_loss(pred, target, form, convexity=0.1).sum().backward()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: mgiou_loss(torch.ones(2, 4, 2), torch.ones(2, 5, 2)), "must both be"),
        (lambda: mgiou_loss(torch.ones(2, 2, 2), torch.ones(2, 2, 2)), "V >= 3"),
        (lambda: mgiou_loss(torch.ones(4, 2), torch.ones(4, 2)), r"\(B, V, 2\)"),
        (lambda: mgiou_loss(torch.ones(2, 4, 2), torch.ones(2, 4, 2), form="central"), "paper, centred"),
        (lambda: mgiou_loss(torch.ones(2, 4, 2), torch.ones(2, 4, 2), reduction="max"), "none, mean, sum"),
        (lambda: l2_loss(torch.ones(2, 4, 2), torch.ones(2, 4, 2), torch.ones(2), torch.ones(2)), "visible"),
        (lambda: l2_loss(torch.ones(2, 4, 2), torch.ones(2, 4, 2), torch.ones(2, 4), torch.ones(3)), "area"),
        (lambda: HybridPolygonLoss("sine"), "cosine, linear, step, exponential"),
        (lambda: HybridPolygonLoss(alpha_start=1.5), "alpha_start"),
        (lambda: HybridPolygonLoss(alpha_end=math.nan), "alpha_end"),
        (lambda: HybridPolygonLoss("exponential", alpha_end=0.0), "exponential"),
        (lambda: HybridPolygonLoss(total_epochs=0), "total_epochs"),
        (lambda: HybridPolygonLoss(form="central"), "paper, centred"),
    ],
)
def test_misuse_is_told_in_one_line(call, told):
    with pytest.raises(ValueError, match=told) as error:
        call()
    assert "\n" not in str(error.value)


# Terms and their mix


@pytest.mark.parametrize("form", [*FORMS, None])
def test_terms_are_what_autograd_says(form):
    pred, target = random_convex(6, 5, 1), random_convex(6, 5, 2)
    visible = torch.from_numpy(np.random.default_rng(0).integers(0, 2, (6, 5)))
    area = torch.linspace(1, 9, 6)
    terms = loss_terms(pred.requires_grad_(), target, visible, area, form)
    losses = (
        l2_loss(pred, target, visible, area, "mean"),
        mgiou_loss(pred, target, form or "paper", reduction="mean"),
    )
    gradients = [torch.autograd.grad(loss, pred)[0] for loss in losses]
    torch.testing.assert_close(terms.l2, losses[0].detach())
    torch.testing.assert_close(terms.mgiou, losses[1].detach())
    torch.testing.assert_close(terms.g_l2, gradients[0])
    torch.testing.assert_close(terms.g_mgiou, gradients[1])
    gram = torch.tensor([[(a * b).sum() for a in gradients] for b in gradients])
    torch.testing.assert_close(terms.gram, gram.float())
    assert not any(value.requires_grad for value in vars(terms).values())


def test_terms_are_measured_without_grad_mode_too():
    pred, target = random_convex(2, 4, 1), random_convex(2, 4, 2)
    with torch.no_grad():
        terms = loss_terms(pred, target, torch.ones(2, 4), torch.ones(2))
    assert (terms.gram.diagonal() > 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_batch_is_all_zero(form):
    pred = torch.empty(0, 4, 2, requires_grad=True)
    terms = loss_terms(pred, torch.empty(0, 4, 2), torch.empty(0, 4), torch.empty(0), form)
    total = combine(pred, terms, 0.5, 0.5)
    total.backward()
    assert total.item() == 0
    assert not terms.gram.any()
    assert pred.grad is not None
    assert pred.grad.shape == (0, 4, 2)


@pytest.mark.parametrize("tensors", [False, True])
def test_combine_is_plain_autograd_through_a_network(tensors):
    torch.manual_seed(0)
    network = torch.nn.Linear(3, 10).double()
    given_, target = torch.randn(8, 3, dtype=torch.float64), random_convex(8, 5, 1)
    visible, area = torch.ones(8, 5), torch.full((8,), 20.0)
    weights = [0.3, 1.7]

    pred = network(given_).view(8, 5, 2)
    plain = 0.3 * l2_loss(pred, target, visible, area, "mean") + 1.7 * mgiou_loss(pred, target, reduction="mean")
    expected = torch.autograd.grad(5 * plain, list(network.parameters()))

    pred = network(given_).view(8, 5, 2)
    if tensors:
        weights = [torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in weights]
    total = combine(pred, loss_terms(pred, target, visible, area), *weights)
    got = torch.autograd.grad(5 * total, list(network.parameters()), retain_graph=True)
    torch.testing.assert_close(total, plain)
    torch.testing.assert_close(got, expected)
    if tensors:
        total.backward()
        assert all(weight.grad is None for weight in weights)


def test_combine_answers_in_the_vertices_precision():
    pred = random_convex(2, 4, 1).half().requires_grad_()
    terms = loss_terms(pred, random_convex(2, 4, 2).half(), torch.ones(2, 4), torch.ones(2))
    combine(pred, terms, 1.0, torch.tensor(1.0)).backward()
    assert pred.grad is not None
    torch.testing.assert_close(pred.grad, (terms.g_l2 + terms.g_mgiou).half())


# HybridPolygonLoss


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("cosine", {0: 0.9, 25: 0.55 + 0.35 * math.sqrt(0.5), 50: 0.55, 100: 0.2}),
        ("linear", {0: 0.9, 25: 0.725, 50: 0.55, 100: 0.2}),
        ("step", {0: 0.9, 49: 0.9, 50: 0.55, 74: 0.55, 75: 0.2, 99: 0.2}),
        ("exponential", {0: 0.9, 50: math.sqrt(0.18), 100: 0.2}),
    ],
)
def test_schedules(schedule, expected):
    loss = HybridPolygonLoss(schedule)
    assert {epoch: loss.get_alpha(epoch) for epoch in expected} == pytest.approx(expected)
    assert loss.get_alpha(-3) == loss.get_alpha(0)
    assert loss.get_alpha(1000) == loss.get_alpha(100)


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        ("cosine", "cosine[start=0.9,end=0.2]"),
        ("linear", "linear[start=0.9,end=0.2]"),
        ("exponential", f"exponential[start=0.9,rate={math.log(4.5)}]"),
    ],
)
@pytest.mark.parametrize("normalised", [False, True])
def test_the_drop_in_weighs_as_the_harness_does(schedule, text, normalised):
    """Step by step, over epochs of several steps: the module for one's own loop and the strategy of the harness."""
    from bench.detector.mixer import Mixer
    from strategies import parse

    loss = HybridPolygonLoss(schedule, total_epochs=5, normalize_gradients=normalised)
    text = text.replace("]", ",normalization=gradient]") if normalised else text
    mixer = Mixer(parse(text)[0], "paper", 5)
    visible, area = torch.ones(6, 4, dtype=torch.bool), torch.full((6,), 20.0)
    for step in range(15):
        mixer.epoch = step // 3
        pred, target = random_convex(6, 4, step), random_convex(6, 4, step + 50)
        total, _, _ = loss(pred, target, visible.float(), area, epoch=mixer.epoch)
        assert float(total) == pytest.approx(float(mixer(pred, target, visible, area)), rel=1e-5)


def batch() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return random_convex(6, 4, 1), random_convex(6, 4, 2), torch.ones(6, 4), torch.full((6, 1), 20.0)


def test_hybrid_is_the_mix_of_its_metrics():
    pred, target, mask, area = batch()
    loss = HybridPolygonLoss()
    total, mgiou, metrics = loss(pred, target, mask, area, epoch=30)
    alpha = loss.get_alpha(30)
    assert set(metrics) == {
        "alpha",
        "l2_loss",
        "mgiou_loss",
        "l2_scale",
        "mgiou_scale",
        "l2_grad_norm",
        "mgiou_grad_norm",
    }
    assert metrics["alpha"].item() == pytest.approx(alpha)
    assert all(value.shape == () and not value.requires_grad for value in metrics.values())
    mix = (
        alpha * metrics["l2_scale"] * metrics["l2_loss"] + (1 - alpha) * metrics["mgiou_scale"] * metrics["mgiou_loss"]
    )
    torch.testing.assert_close(total, mix, rtol=1e-6, atol=0)
    assert mgiou.item() == metrics["mgiou_loss"].item()
    torch.testing.assert_close(metrics["l2_loss"], l2_loss(pred, target, mask, area, "mean"))
    torch.testing.assert_close(metrics["mgiou_loss"], mgiou_loss(pred, target, reduction="mean"))


def test_normalised_gradients_pull_equally_and_keep_the_size_of_l2():
    pred, target, mask, area = batch()
    loss = HybridPolygonLoss("linear", alpha_start=0.5, alpha_end=0.5)
    for _ in range(3):
        _, _, metrics = loss(pred, target, mask, area)
    pull_l2 = 0.5 * metrics["l2_scale"] * metrics["l2_grad_norm"]
    pull_mgiou = 0.5 * metrics["mgiou_scale"] * metrics["mgiou_grad_norm"]
    assert pull_mgiou.item() == pytest.approx(pull_l2.item(), rel=1e-5)
    assert (pull_l2 + pull_mgiou).item() == pytest.approx(metrics["l2_grad_norm"].item(), rel=1e-5)


def test_normalisation_averages_over_steps():
    pred, target, mask, area = batch()
    loss = HybridPolygonLoss()
    norms = []
    for shift in (0.0, 1.0):
        _, _, metrics = loss(pred + shift, target, mask, area)
        norms.append((metrics["l2_grad_norm"].item(), metrics["mgiou_grad_norm"].item()))
    l2, mgiou = (0.9 * first + 0.1 * second for first, second in zip(*norms, strict=True))
    assert metrics["mgiou_scale"].item() == pytest.approx(l2 / mgiou, rel=1e-5)
    # An empty batch measures nothing.
    _, _, metrics = loss(pred[:0], target[:0], mask[:0], area[:0])
    assert metrics["mgiou_scale"].item() == pytest.approx(l2 / mgiou, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("normalised", "expected"),
    [(True, [0.543739487, 0.505299209, 0.429210044]), (False, [0.542467562, 0.502102199, 0.420973990])],
)
def test_the_drop_in_step_by_step(normalised, expected, dtype):
    """Golden, of the time when it had its own schedules and averages."""
    loss = HybridPolygonLoss("cosine", total_epochs=7, normalize_gradients=normalised)
    pred, target, mask, area = (one.to(dtype) for one in batch())
    totals = [float(loss(pred + step / 4, target, mask, area, epoch=2 * step)[0]) for step in range(3)]
    assert totals == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("normalised", [True, False])
def test_in_single_precision_the_drop_in_is_the_strategy_hybrid_to_the_bit(schedule, normalised):
    from bench.detector.mixer import Mixer
    from strategies import build

    loss = HybridPolygonLoss(schedule, total_epochs=5, normalize_gradients=normalised)
    normalization = "gradient" if normalised else "none"
    mixer = Mixer(build("hybrid", {"schedule": schedule, "normalization": normalization}), "paper", 5)
    for step in range(15):
        mixer.epoch = step // 3
        pred, target = random_convex(6, 4, step).float(), random_convex(6, 4, step + 50).float()
        visible, area = torch.ones(6, 4), torch.full((6,), 20.0)
        assert torch.equal(loss(pred, target, visible, area, mixer.epoch)[0], mixer(pred, target, visible, area))


def test_its_arguments_may_be_changed_as_attributes():
    loss = HybridPolygonLoss("linear")
    loss.alpha_schedule, loss.alpha_end, loss.total_epochs = "step", 0.1, 10
    assert loss.get_alpha(9) == 0.1


def test_the_losses_need_torch_and_nothing_else():
    modules = loaded("import torch, bench.losses")
    new = {name.partition(".")[0] for name in modules[modules.index("bench") :]} - set(sys.stdlib_module_names)
    assert sorted(new - {"torch"}) == ["bench", "strategies"]


def test_without_normalisation_the_scales_are_one():
    _, _, metrics = HybridPolygonLoss(normalize_gradients=False)(*batch())
    assert metrics["l2_scale"].item() == metrics["mgiou_scale"].item() == 1


def test_evaluation_measures_without_moving_the_averages():
    pred, target, mask, area = batch()
    loss = HybridPolygonLoss()
    loss(pred, target, mask, area)
    before = {name: value.clone() for name, value in loss.named_buffers()}
    loss.eval()(pred + 3, target, mask, area)
    for name, value in loss.named_buffers():
        assert torch.equal(value, before[name])


def test_state_survives_a_save_and_load():
    pred, target, mask, area = batch()
    one, other = HybridPolygonLoss(), HybridPolygonLoss()
    one(pred, target, mask, area, epoch=50)
    other.load_state_dict(one.state_dict())
    totals = [loss(pred + 1, target, mask, area)[0].item() for loss in (one, other)]
    assert totals[0] == totals[1]


class Net(torch.nn.Module):
    """A model that has the loss as a part, as Ultralytics' have theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.loss = torch.nn.Linear(3, 8), HybridPolygonLoss()

    def step(self, epoch: int = 0) -> Tensor:
        _, target, mask, area = batch()
        return self.loss(self.layer(torch.ones(6, 3)).view(6, 4, 2), target, mask, area, epoch)[0]


@pytest.mark.parametrize("steps", [0, 3])
def test_as_part_of_a_model_it_is_averaged_and_loaded_as_ultralytics_does(steps):
    from ultralytics.utils.torch_utils import ModelEMA, intersect_dicts

    model, other = Net(), Net()
    average = ModelEMA(model)
    for epoch in range(steps):
        model.step(epoch).backward()
        average.update(model)
    assert all(isinstance(value, Tensor) and value.isfinite().all() for value in average.ema.state_dict().values())
    other.load_state_dict(intersect_dicts(model.state_dict(), other.state_dict()), strict=False)
    assert other.loss.current_epoch == model.loss.current_epoch == max(steps - 1, 0)
    assert torch.equal(other.step(steps), model.step(steps))
    # Both averages began in the same step, so that what they have not reached yet is the same share of both.
    ratio, of_model = (one.loss.l2_grad_ema / one.loss.mgiou_grad_ema for one in (average.ema, other))
    assert not steps or float(ratio) == pytest.approx(float(of_model), rel=0.1)


def test_nothing_measured_yet_survives_what_ultralytics_does_before_it_saves():
    cleaned = copy.deepcopy(Net()).half()
    for value in cleaned.state_dict().values():
        if value.is_floating_point():
            torch.nan_to_num_(value)
    loss, fresh = cleaned.loss.float(), HybridPolygonLoss()
    for _ in range(2):
        assert torch.equal(loss(*batch())[0], fresh(*batch())[0])


def test_its_averages_are_written_where_they_are():
    """What holds on to a model's buffers, as an average of a model does, sees the steps."""
    loss = HybridPolygonLoss()
    held = dict(loss.named_buffers())
    for training in (True, False):
        loss.train(training)(*batch())
        assert all(held[name] is value for name, value in loss.named_buffers())
    assert all(value > 0 for value in held.values())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_its_averages_are_in_single_precision_whatever_the_model_is_in(dtype):
    plain, cast = HybridPolygonLoss(), HybridPolygonLoss().to(dtype)
    for _ in range(3):
        assert torch.equal(cast(*batch())[0], plain(*batch())[0])


@pytest.mark.parametrize("training", [True, False])
def test_a_step_in_inference_mode_keeps_it_from_no_later_one(training):
    loss = HybridPolygonLoss().double().train(training)
    with torch.inference_mode():
        loss(*batch())
    loss.train()(*batch())
    copy.deepcopy(loss).load_state_dict(loss.state_dict())


def test_a_state_that_was_saved_when_it_held_a_mapping_is_read():
    """And NaN in the buffers, for nothing measured."""
    loss, fresh = HybridPolygonLoss(), HybridPolygonLoss()
    nothing = torch.tensor(math.nan)
    old = {"l2_grad_ema": nothing, "mgiou_grad_ema": nothing, "_extra_state": {"current_epoch": 40}}
    assert str(loss.load_state_dict(old)) == "<All keys matched successfully>"
    assert loss.current_epoch == 40
    assert torch.equal(loss(*batch())[0], fresh(*batch(), epoch=40)[0])
    assert all(value > 0 for value in loss.buffers())


def test_the_epoch_given_last_stands():
    loss = HybridPolygonLoss("linear")
    assert loss(*batch(), epoch=40)[2]["alpha"].item() == pytest.approx(0.62)
    assert loss(*batch())[2]["alpha"].item() == pytest.approx(0.62)


def test_keypoints_may_carry_visibility():
    pred, target, mask, area = batch()
    wider = torch.cat((target, torch.full((6, 4, 1), 2.0)), -1)
    plain = HybridPolygonLoss()(pred, target, mask, area)[0]
    assert torch.equal(HybridPolygonLoss()(pred, wider, mask, area)[0], plain)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("form", FORMS)
def test_hybrid_trains_vertices_towards_the_target(schedule, form):
    """In a loop of one's own: the loss at the end is lower than at the start."""
    _, target, mask, area = batch()
    pred = (target + 0.5 * torch.randn(target.shape, generator=torch.Generator().manual_seed(0))).requires_grad_()
    loss = HybridPolygonLoss(schedule, total_epochs=40, form=form)
    optimizer = torch.optim.Adam([pred], lr=0.02)
    start = l2_loss(pred, target, mask, area, "mean").item()
    for epoch in range(40):
        optimizer.zero_grad()
        loss(pred, target, mask, area, epoch)[0].backward()
        optimizer.step()
    assert l2_loss(pred, target, mask, area, "mean").item() < 0.5 * start


@pytest.mark.parametrize("made_inside", [True, False])
def test_the_drop_in_loss_is_computed_in_inference_mode_too(made_inside):
    """Ultralytics validates in it, and computes the loss there."""
    loss = HybridPolygonLoss().eval()
    rng = torch.Generator().manual_seed(0)

    def batch():
        pred, truth = torch.rand(2, 3, 4, 2, generator=rng)
        return pred, truth, torch.ones(3, 4), torch.ones(3)

    outside = batch()
    expected = loss(*outside, epoch=0)[0]
    with torch.inference_mode():
        inside = tuple(one.clone() for one in outside) if made_inside else outside
        assert torch.equal(loss(*inside, epoch=0)[0], expected)
    if made_inside:
        assert torch.equal(loss(*inside, epoch=0)[0], expected)
