"""Properties of polygons, and shapely as the reference."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.geometry import area, canonical_order, canonical_permutation, clip_to_image, is_simple, resample, signed_area

coordinates = st.floats(-100, 100).map(lambda x: round(x, 3))
rings = st.integers(3, 9).flatmap(lambda n: hnp.arrays(np.float64, (n, 2), elements=coordinates))
any_points = st.integers(3, 9).flatmap(
    lambda n: hnp.arrays(np.float64, (n, 2), elements=st.floats(-1e6, 1e6, allow_subnormal=False))
)


def regular(count, radius=10.0, centre=(50.0, 50.0), turn=0.3):
    angles = turn + np.arange(count) * 2 * np.pi / count
    return np.column_stack((np.cos(angles), np.sin(angles))) * radius + centre


@given(rings)
def test_area_is_shapelys(ring):
    polygon = shapely.Polygon(ring)
    if polygon.is_valid:
        assert area(ring) == pytest.approx(polygon.area, rel=1e-9, abs=1e-9)


@given(rings, st.integers(0, 8), st.booleans())
def test_canonical_order_forgets_start_and_direction(ring, shift, reverse):
    assume(len(np.unique(ring, axis=0)) == len(ring))
    assume(abs(signed_area(ring)) > 1e-3)
    other = np.roll(ring[::-1] if reverse else ring, shift, axis=0)
    np.testing.assert_array_equal(canonical_order(other), canonical_order(ring))


@given(rings)
def test_canonical_order_is_clockwise_on_screen_from_the_top_left(ring):
    ordered = canonical_order(ring)
    assert signed_area(ordered) >= 0 or abs(signed_area(ring)) < 1e-9
    corner = ring.min(0)
    distances = np.hypot(*(ordered - corner).T)
    assert distances[0] <= distances.min() + 1e-6
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


@given(rings, st.floats(0.01, 100), coordinates, coordinates)
def test_canonical_order_ignores_scale_and_place(ring, scale, x, y):
    assume(abs(signed_area(ring)) > 1)
    corner_distance = np.sort(np.hypot(*(ring - ring.min(0)).T))
    assume(corner_distance[1] - corner_distance[0] > 1e-3)
    np.testing.assert_array_equal(canonical_permutation(ring), canonical_permutation(ring * scale + (x, y)))


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


@given(rings)
def test_clipped_parts_equal_shapelys_intersection(ring):
    hull = shapely.MultiPoint(ring).convex_hull.intersection(shapely.box(0, 0, 60, 40))
    assert sum(area(part) for part in clip_to_image(ring, 60, 40, hull=True)) == pytest.approx(hull.area, abs=1e-6)
    even_odd = shapely.make_valid(shapely.Polygon(ring)).intersection(shapely.box(0, 0, 60, 40))
    assert sum(area(part) for part in clip_to_image(ring, 60, 40, hull=False)) == pytest.approx(even_odd.area, abs=1e-6)


@given(any_points, st.booleans())
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
