"""Properties of polygons, and shapely as the reference."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.geometry import (
    TIE,
    canonical_order,
    canonical_permutation,
    clip_to_image,
    convex_hull,
    resample,
)
from datasets.rings import area, is_simple, signed_area

untimed = settings(deadline=None)
coordinates = st.floats(-100, 100).map(lambda x: round(x, 3))
rings = st.integers(3, 9).flatmap(lambda n: hnp.arrays(np.float64, (n, 2), elements=coordinates))
any_points = st.integers(3, 9).flatmap(
    lambda n: hnp.arrays(np.float64, (n, 2), elements=st.floats(-1e6, 1e6, allow_subnormal=False))
)


def regular(count, radius=10.0, centre=(50.0, 50.0), turn=0.3):
    angles = turn + np.arange(count) * 2 * np.pi / count
    return np.column_stack((np.cos(angles), np.sin(angles))) * radius + centre


@untimed
@given(rings)
def test_area_is_shapelys(ring):
    polygon = shapely.Polygon(ring)
    if polygon.is_valid:
        assert area(ring) == pytest.approx(polygon.area, rel=1e-9, abs=1e-9)


@untimed
@given(st.integers(3, 9), st.floats(0, 6))
def test_positive_area_is_clockwise_on_the_screen(count, turn):
    ring = regular(count, turn=turn)
    assert not shapely.LinearRing(ring * (1, -1)).is_ccw  # shapely's y points up
    assert signed_area(ring) > 0
    assert signed_area(ring[::-1]) < 0


@untimed
@given(rings, st.integers(0, 8), st.booleans())
def test_canonical_order_forgets_start_and_direction(ring, shift, reverse):
    assume(len(np.unique(ring, axis=0)) == len(ring))
    assume(abs(signed_area(ring)) > 1e-3)
    other = np.roll(ring[::-1] if reverse else ring, shift, axis=0)
    np.testing.assert_array_equal(canonical_order(other), canonical_order(ring))


@untimed
@given(rings)
def test_canonical_order_is_clockwise_on_screen_from_the_top_left(ring):
    ordered = canonical_order(ring)
    assert signed_area(ordered) >= 0 or abs(signed_area(ring)) < 1e-9
    corner = ring.min(0)
    distances = np.hypot(*(ordered - corner).T)
    assert distances[0] <= distances.min() + TIE * np.ptp(ring, axis=0).max()
    np.testing.assert_array_equal(canonical_order(ordered), ordered)


def test_canonical_order_of_a_square_by_hand():
    square = np.array([[10.0, 10.0], [0.0, 10.0], [0.0, 0.0], [10.0, 0.0]])
    assert canonical_order(square).tolist() == [[0, 0], [10, 0], [10, 10], [0, 10]]
    diamond = np.array([[0.0, 5.0], [5.0, 10.0], [10.0, 5.0], [5.0, 0.0]])
    assert canonical_order(diamond)[0].tolist() == [5, 0]  # ties go to the higher vertex


def test_canonical_order_is_vectorised():
    many = np.random.default_rng(0).uniform(0, 100, (2, 5, 6, 2))
    together = canonical_permutation(many)
    for index in np.ndindex(2, 5):
        np.testing.assert_array_equal(together[index], canonical_permutation(many[index]))


@untimed
@given(rings)
def test_canonical_order_is_the_best_of_all_rolls_both_ways_round(ring):
    assume(abs(signed_area(ring)) > 1e-3)
    corner = ring.min(0)
    distances = np.sort(np.hypot(*(ring - corner).T))
    assume(distances[1] - distances[0] > 2 * TIE * np.ptp(ring, axis=0).max())
    all_orders = [np.roll(way, k, axis=0) for way in (ring, ring[::-1]) for k in range(len(ring))]
    clockwise = [order for order in all_orders if signed_area(order) > 0]
    best = min(clockwise, key=lambda order: np.hypot(*(order[0] - corner)))
    np.testing.assert_array_equal(canonical_order(ring), best)


@untimed
@given(st.floats(1, 100), st.floats(0, 600), st.floats(0, 600), st.integers(0, 3), st.booleans())
def test_ties_survive_single_precision_wherever_the_ring_lies(scale, x, y, shift, reverse):
    diamond = np.array([[5.0, 0.0], [10.0, 5.0], [5.0, 10.0], [0.0, 5.0]])[:: -1 if reverse else 1]
    placed = (np.roll(diamond, shift, axis=0) * scale + (x, y)).astype(np.float32)
    top = canonical_order(placed)[0]
    assert top[1] == placed[:, 1].min()


@untimed
@given(rings, st.floats(0.01, 100), coordinates, coordinates)
def test_canonical_order_ignores_scale_and_place(ring, scale, x, y):
    assume(abs(signed_area(ring)) > 1)
    corner_distance = np.sort(np.hypot(*(ring - ring.min(0)).T))
    assume(corner_distance[1] - corner_distance[0] > 2 * TIE * np.ptp(ring, axis=0).max())
    np.testing.assert_array_equal(canonical_permutation(ring), canonical_permutation(ring * scale + (x, y)))


@untimed
@given(st.integers(3, 16), st.integers(3, 16))
def test_resampling_gives_the_wanted_count_and_keeps_convexity(have, want):
    ring = regular(have)
    result = resample(ring, want)
    assert result.shape == (want, 2)
    kept = shapely.Polygon(result)
    if want >= have:
        assert kept.symmetric_difference(shapely.Polygon(ring)).area < 1e-6
    else:
        assert {tuple(p) for p in result.round(9)} <= {tuple(p) for p in ring.round(9)}
        assert kept.within(shapely.Polygon(ring).buffer(1e-9))
    assert kept.convex_hull.area == pytest.approx(kept.area)


def test_resampling_removes_the_vertex_that_matters_least():
    square = [[0, 0], [5, -0.01], [10, 0], [10, 10], [0, 10]]
    assert resample(np.array(square, dtype=float), 4).tolist() == [[0, 0], [10, 0], [10, 10], [0, 10]]


def test_resampling_splits_the_longest_edge():
    result = resample(np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 8.0], [0.0, 8.0]]), 6)
    assert result.tolist() == [[0, 0], [10, 0], [20, 0], [20, 8], [10, 8], [0, 8]]


@untimed
@given(st.integers(4, 9), st.integers(3, 9), st.integers(0, 8), st.booleans())
def test_resampling_forgets_start_and_direction(have, want, shift, reverse):
    ring = regular(have, turn=0.0).round(6)  # every edge and every triangle ties
    other = np.roll(ring[::-1] if reverse else ring, shift, axis=0)
    np.testing.assert_array_equal(resample(other, want), resample(ring, want))


@untimed
@given(hnp.arrays(np.float64, (12, 2), elements=coordinates), st.integers(3, 8))
def test_resampling_a_convex_ring_loses_no_more_area_than_it_must(points, want):
    ring = convex_hull(points)
    assume(len(ring) > want)
    assume(area(ring) > 1)
    # Of the n ears of a convex n-gon, the smallest is largest when it is regular (Renyi & Sulanke 1963).
    kept = np.prod([1 - 4 * np.sin(np.pi / n) ** 2 / n for n in range(want + 1, len(ring) + 1)])
    assert kept * area(ring) * (1 - 1e-9) <= area(resample(ring, want)) <= area(ring) * (1 + 1e-9)


@untimed
@given(rings)
def test_convex_hull_is_shapelys(points):
    hull = convex_hull(points)
    expected = shapely.MultiPoint(points).convex_hull
    assert area(hull) == pytest.approx(expected.area, abs=1e-9)
    assert {tuple(corner) for corner in hull} <= {tuple(point) for point in points}


@untimed
@given(rings)
def test_clipped_hull_is_shapelys(ring):
    hull = shapely.MultiPoint(ring).convex_hull.intersection(shapely.box(0, 0, 60, 40))
    assert sum(area(part) for part in clip_to_image(ring, 60, 40, hull=True)) == pytest.approx(hull.area, abs=1e-6)


def crossings(ring, point):
    """Return how often the ray to the right of a point crosses a ring."""
    (x, y), count = point, 0
    for (ax, ay), (bx, by) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if (ay > y) != (by > y):
            count += x < ax + (y - ay) / (by - ay) * (bx - ax)
    return count


@untimed
@given(rings, hnp.arrays(np.float64, (20, 2), elements=st.floats(0, 1)))
def test_a_ring_is_clipped_by_the_even_odd_rule_and_covered_once(ring, shares):
    width, height = 60, 40
    line = shapely.LinearRing(ring)
    assume(shapely.union_all([line]).length > line.length * (1 - 1e-9))  # no edge lies on another
    parts = [shapely.Polygon(part) for part in clip_to_image(ring, width, height, hull=False)]
    assert all(part.is_valid for part in parts)
    for point in np.concatenate((shares * (width, height), shares * 3)):
        place = shapely.Point(point)
        near = [line, *(part.exterior for part in parts)]
        if min(edge.distance(place) for edge in near) > 1e-4:
            assert sum(part.contains(place) for part in parts) == crossings(ring, point) % 2


def limacon(count=12):
    """Return a ring with a loop within itself: what the loop encloses is a hole."""
    angles = np.arange(count) * 2 * np.pi / count + 0.1
    return (1 + 2 * np.cos(angles))[:, None] * np.column_stack((np.cos(angles), np.sin(angles))) * 12 + (10, 20)


@pytest.mark.parametrize("width", [60, 20])
def test_a_hole_stays_empty(width):
    ring = limacon()
    inside = (20, 20)
    assert crossings(ring, inside) == 2
    parts = clip_to_image(ring, width, 40, hull=False)
    assert not any(shapely.Polygon(part).contains(shapely.Point(inside)) for part in parts)
    whole = shapely.make_valid(shapely.Polygon(ring))
    assert shapely.get_num_interior_rings(whole).sum() == 1
    expected = whole.intersection(shapely.box(0, 0, width, 40)).area
    assert sum(area(part) for part in parts) == pytest.approx(expected, rel=1e-6)


TINY = 7e-281


@untimed
@given(any_points, st.booleans())
@example(np.array([[1, 0], [TINY, 0], [TINY, TINY], [TINY, TINY], [TINY, TINY], [TINY, TINY], [-1, TINY]]), False)
@example(np.array([[1, TINY], [TINY, 1], [TINY, 0], [TINY, TINY], [TINY, -1e-184], [-1, TINY]]), False)
def test_clipping_survives_anything_finite(points, hull):
    for part in clip_to_image(points, 96, 64, hull=hull):
        assert len(part) >= 3
        assert (part >= 0).all()
        assert (part <= (96, 64)).all()


def test_a_shape_off_the_image_or_without_area_has_no_parts():
    assert clip_to_image(regular(4, centre=(-50, -50)), 96, 96, hull=True) == []
    assert clip_to_image(np.full((4, 2), 7.0), 96, 96, hull=False) == []
    assert clip_to_image(np.array([[0.0, 0.0], [50.0, 50.0], [90.0, 90.0]]), 96, 96, hull=True) == []


def test_a_bow_tie_is_not_simple_and_has_two_parts():
    bow = np.array([[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0]])
    assert not is_simple(bow)
    assert is_simple(regular(5))
    assert len(clip_to_image(bow, 20, 20, hull=False)) == 2


def test_vertices_go_one_by_one_smallest_first():
    """As the definition has it, on a ring that is read anew after each."""
    rng = np.random.default_rng(0)
    for count in (5, 12, 60):
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        points = np.stack([np.cos(angles), np.sin(angles)], -1) * rng.uniform(5, 9, (count, 1))
        ring = list(canonical_order(points))
        while len(ring) > 4:
            sizes = []
            for i, point in enumerate(ring):
                a, b = point - ring[i - 1], ring[(i + 1) % len(ring)] - ring[i - 1]
                sizes.append(abs(a[0] * b[1] - a[1] * b[0]))
            del ring[int(np.argmin(sizes))]
        assert np.array_equal(resample(points, 4), canonical_order(np.array(ring)))
