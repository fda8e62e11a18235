"""Looking several times, against studies in which nothing is to be found."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics import looks_p_value, nominal_level, over_looks, over_looks_exact
from bench.statistics.sequential import _least_p_values

chances = st.one_of(st.floats(0, 1), st.floats(-9, 0).map(lambda x: 10**x))
spans = st.tuples(st.integers(2, 4), st.integers(0, 4)).map(lambda pair: (pair[0], sum(pair)))


@given(chances, st.integers(2, 50))
def test_one_look_costs_nothing(p, n):
    assert looks_p_value(p, n, n, n) == p


@settings(deadline=None)
@given(chances, chances, spans)
def test_it_is_monotone_and_between_p_and_bonferroni(p, q, span):
    first, last = span
    low, high = (looks_p_value(x, first, first, last) for x in sorted((p, q)))
    assert low <= high
    looks = last - first + 1
    for x, corrected in zip(sorted((p, q)), (low, high), strict=True):
        assert x <= corrected <= min(1.0, looks * x)
        assert corrected == looks_p_value(x, last, first, last)


@settings(deadline=None)
@given(st.floats(0.001, 0.9), st.integers(3, 8))
def test_more_looks_cost_more(p, last):
    assert looks_p_value(p, 3, 3, last) <= looks_p_value(p, 3, 3, last + 2) + 0.004  # three standard errors at 0.5
    assert looks_p_value(0.05, 3, 3, last) < looks_p_value(0.05, 3, 3, last + 2)


def test_what_cannot_be_counted_is_bonferronis():
    assert looks_p_value(1e-7, 3, 3, 10) == pytest.approx(8e-7)
    assert looks_p_value(0.0, 3, 3, 10) == 0.0


@pytest.mark.parametrize("p", [0.01, 0.05, 0.3])
def test_two_looks_by_integration(p):
    """At 2 and 3 differences: t is the same along every direction from 0, and directions are uniform on the sphere."""
    grid = 2000
    angle, height = np.meshgrid((np.arange(grid) + 0.5) * np.pi / grid, (np.arange(grid) + 0.5) * 2 / grid - 1)
    radius = np.sqrt(1 - height**2)
    first = radius * np.cos(angle) + radius * np.sin(angle), radius * np.cos(angle) - radius * np.sin(angle)
    total = first[0] + height
    two = np.abs(first[0]) > stats.t.isf(p / 2, 1) * np.abs(first[1])
    three = np.abs(total) > stats.t.isf(p / 2, 2) * np.sqrt((3 - total**2) / 2)
    assert three.mean() == pytest.approx(p, abs=1e-3)
    assert looks_p_value(p, 2, 2, 3) == pytest.approx((two | three).mean(), abs=0.003)


def stopped_studies(alpha, first, last, corrected, studies=4000):
    """Return how many studies without an effect stop with a verdict when looked at after every pair."""
    drawn = np.random.default_rng(11).normal(0, 0.02, (studies, last))
    found = np.zeros(studies, dtype=bool)
    for n in range(first, last + 1):
        p = stats.ttest_1samp(drawn[:, :n], 0, axis=1).pvalue
        found |= np.array([(looks_p_value(one, n, first, last) if corrected else one) <= alpha for one in p])
    return int(found.sum())


@pytest.mark.parametrize(("first", "last"), [(2, 6), (3, 10)])
def test_stopping_at_the_first_decision_is_wrong_as_often_as_said(first, last):
    """As often as said, and not less often either: the correction is no more than it takes."""
    assert stats.binomtest(stopped_studies(0.05, first, last, True), 4000, 0.05).pvalue > 0.01
    assert stopped_studies(0.05, first, last, False) / 4000 > 0.1


def test_it_is_counted_in_under_two_seconds_and_then_remembered():
    _least_p_values.cache_clear()
    start = time.process_time()
    looks_p_value(0.05, 3, 3, 30)
    assert time.process_time() - start < 2
    assert looks_p_value(0.05, 3, 3, 30) == looks_p_value(0.05, 30, 3, 30)
    assert _least_p_values.cache_info().misses == 1


def test_one_pair_is_no_look():
    assert looks_p_value(0.03, 2, 1, 5) == looks_p_value(0.03, 2, 2, 5)


@settings(deadline=None, max_examples=20)
@given(spans, st.integers(2, 10), st.sampled_from([0.2, 0.05, 0.05 / 13, 1e-4]))
def test_the_nominal_level_is_where_the_corrected_one_is_met(looks, n, alpha):
    level = nominal_level(n, looks, alpha)
    assert over_looks(np.nextafter(level, 0), n, looks) < alpha <= over_looks(level, n, looks) + 1e-15
    assert level <= alpha


def test_what_was_run_beyond_the_looks_was_looked_at_there_too():
    assert over_looks(0.02, 2, (3, 6)) == looks_p_value(0.02, 2, 2, 6)
    assert over_looks(0.02, 9, (3, 6)) == looks_p_value(0.02, 9, 3, 9)
    assert over_looks(0.02, 9, None) == 0.02
    assert over_looks(1.0, 1, (3, 6)) == 1.0
    assert [over_looks_exact(0.02, 6, looks) for looks in (None, (3, 6), (3, 99))] == [0.02, 0.08, 1.0]
    assert over_looks_exact(0.02, 8, (3, 6)) == 0.12  # it was prolonged


@pytest.mark.parametrize("n", [2, 11])
def test_only_what_was_looked_at(n):
    with pytest.raises(ValueError, match="looks"):
        looks_p_value(0.05, n, 3, 10)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_only_p_values(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        looks_p_value(p, 3, 3, 10)
