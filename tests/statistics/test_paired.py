"""Paired differences against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics import mean_p_values, paired_difference, t_p_value
from tests.statistics.samples import by_seed

values = st.lists(st.floats(-1, 1), min_size=2, max_size=10)
bounds = st.floats(-1, 1)
regions = st.one_of(
    st.tuples(bounds, st.just(math.inf)),
    st.tuples(st.just(-math.inf), bounds),
    st.tuples(bounds, bounds).filter(lambda pair: pair[0] < pair[1]),
)


@settings(deadline=None)
@given(values)
def test_interval_and_p_value_are_scipys(xs):
    found = paired_difference(by_seed(xs), by_seed([0.0] * len(xs)))
    if not found.sd > 1e-6:
        return
    expected = stats.ttest_1samp(xs, 0)
    low, high = expected.confidence_interval(0.95)
    assert found.interval == pytest.approx((low, high), abs=1e-9)
    assert t_p_value(found) == pytest.approx(expected.pvalue, abs=1e-9)
    if abs(expected.pvalue - 0.05) > 1e-6:
        assert found.decided == (expected.pvalue < 0.05)


def test_only_seeds_that_both_have_are_paired():
    found = paired_difference({0: 0.5, 1: 0.6, 7: 0.9}, {1: 0.5, 0: 0.5, 3: 0.1})
    assert found.by_seed == pytest.approx({0: 0.0, 1: 0.1})


def test_one_pair_and_none_decide_nothing():
    one = paired_difference({0: 0.9}, {0: 0.1})
    assert (one.mean, one.interval, one.p_value, one.decided, one.constant) == (0.8, None, None, False, False)
    none = paired_difference({0: 0.9}, {1: 0.1})
    assert math.isnan(none.mean)
    assert not none.decided


def test_differences_that_are_all_equal_are_not_decided_by_a_spread_of_zero():
    found = paired_difference({0: 0.3, 1: 0.3, 2: 0.3}, {0: 0.1, 1: 0.1, 2: 0.1})
    assert found.mean == pytest.approx(0.2)
    assert found.interval is None
    assert t_p_value(found) is None
    assert not found.decided
    assert found.constant


def test_a_figure_that_is_not_finite_is_refused_not_dropped():
    with pytest.raises(ValueError, match="finite"):
        paired_difference({0: 0.5, 1: math.nan, 2: 0.6}, {0: 0.1, 1: 0.1, 2: 0.1})


@settings(deadline=None)
@given(values)
def test_the_other_way_round_is_the_same_with_the_sign_turned(xs):
    there = paired_difference(by_seed(xs), by_seed([0.25] * len(xs)))
    back = paired_difference(by_seed([0.25] * len(xs)), by_seed(xs))
    assert back.mean == pytest.approx(-there.mean)
    assert (back.decided, back.constant) == (there.decided, there.constant)
    assert back.p_value == pytest.approx(there.p_value)


@settings(deadline=None)
@given(values, regions, st.sampled_from([0.01, 0.05, 0.2]))
def test_p_values_of_a_region_agree_with_the_interval(xs, region, alpha):
    assume(np.std(xs) > 1e-6)
    low, high = stats.ttest_1samp(xs, 0).confidence_interval(1 - alpha)
    assume(min(abs(end - bound) for end in (low, high) for bound in region) > 1e-9)
    support, refute = mean_p_values(xs, *region)
    assert (support <= alpha) == (region[0] < low and high < region[1])
    assert (refute <= alpha) == (high < region[0] or region[1] < low)


@settings(deadline=None)
@given(values, bounds)
def test_the_p_values_of_one_bound_are_those_of_the_one_sided_t_test_doubled(xs, bound):
    assume(np.std(xs) > 1e-6)
    support, refute = mean_p_values(xs, bound, math.inf)
    assert support == pytest.approx(min(1, 2 * stats.ttest_1samp(xs, bound, alternative="greater").pvalue))
    assert refute == pytest.approx(min(1, 2 * stats.ttest_1samp(xs, bound, alternative="less").pvalue))
    assert mean_p_values(xs, -math.inf, bound) == (refute, support)
    assert min(support, refute) == pytest.approx(stats.ttest_1samp(xs, bound).pvalue)


@pytest.mark.parametrize("xs", [[], [0.9], [0.9, 0.9, 0.9]])
def test_without_an_interval_nothing_is_shown_of_the_mean(xs):
    assert mean_p_values(xs, 0.0, math.inf) == (1.0, 1.0)
    assert mean_p_values(xs, -math.inf, 0.0) == (1.0, 1.0)


def test_a_region_must_hold_a_number_and_values_must_be_finite():
    for low, high in ((1.0, 1.0), (1.0, 0.0), (math.nan, 1.0)):
        with pytest.raises(ValueError, match="no number"):
            mean_p_values([0.1, 0.2], low, high)
    with pytest.raises(ValueError, match="finite"):
        mean_p_values([0.1, math.nan], 0.0, 1.0)
