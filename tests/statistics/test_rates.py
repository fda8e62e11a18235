"""Rates against scipy, and the tests of a rate against its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics import rate_interval, rate_p_values

counts = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
inner = st.floats(0.01, 0.99)
regions = st.one_of(
    st.tuples(inner, st.sampled_from([1.5, math.inf])),
    st.tuples(st.sampled_from([-0.5, -math.inf]), inner),
    st.tuples(inner, inner).filter(lambda pair: pair[0] < pair[1]),
)


def test_rate_interval_is_clopper_and_pearsons():
    low, high = rate_interval(0, 10)
    assert (low, high) == (0, pytest.approx(1 - 0.025**0.1))
    low, high = rate_interval(4, 10, 0.9)
    assert (low, high) == pytest.approx((stats.beta.ppf(0.05, 4, 7), stats.beta.ppf(0.95, 5, 6)))
    assert rate_interval(0, 0) == (0, 1)


@settings(deadline=None)
@given(counts, regions, st.sampled_from([0.01, 0.05, 0.2]))
def test_p_values_of_a_region_agree_with_the_interval(count, region, alpha):
    low, high = rate_interval(*count, 1 - alpha)
    assume(min(abs(end - bound) for end in (low, high) for bound in region) > 1e-9)
    support, refute = rate_p_values(*count, *region)
    assert (support <= alpha) == (region[0] < low and high < region[1])
    assert (refute <= alpha) == (high < region[0] or region[1] < low)


@settings(deadline=None)
@given(counts, inner)
def test_the_p_values_of_one_bound_are_those_of_scipys_binomial_test_doubled(count, bound):
    k, n = count
    support, refute = rate_p_values(k, n, bound, math.inf)
    assert support == pytest.approx(min(1, 2 * stats.binomtest(k, n, bound, alternative="greater").pvalue))
    assert refute == pytest.approx(min(1, 2 * stats.binomtest(k, n, bound, alternative="less").pvalue))
    assert rate_p_values(n - k, n, -math.inf, 1 - bound) == pytest.approx((support, refute))


@pytest.mark.parametrize("alpha", [0.05, 0.2])
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.7])
def test_a_false_statement_is_supported_and_a_true_one_refuted_at_most_as_often_as_said(rate, alpha):
    """Over all outcomes, at the region's very edge, where it is hardest."""
    for n in range(1, 30):
        chances = stats.binom.pmf(range(n + 1), n, rate)
        p = np.array([rate_p_values(k, n, rate, math.inf) for k in range(n + 1)])
        assert ((p <= alpha) * chances[:, None]).sum(0).max() <= alpha / 2 + 1e-12


def test_that_something_happens_at_all_is_shown_by_its_happening_once():
    assert rate_p_values(1, 10, 0.0, math.inf) == (0.0, 1.0)
    assert rate_p_values(0, 10, 0.0, math.inf) == (1.0, 1.0)
    assert rate_p_values(9, 10, -math.inf, 1.0) == (0.0, 1.0)
    assert rate_p_values(10, 10, -math.inf, 1.0) == (1.0, 1.0)
    assert rate_p_values(0, 10, 0.0, 0.9)[0] == 1.0
    assert rate_p_values(0, 10, -math.inf, 0.9)[0] == pytest.approx(2 * 0.1**10)


def test_without_runs_nothing_is_shown():
    assert rate_p_values(0, 0, 0.5, math.inf) == (1.0, 1.0)


@pytest.mark.parametrize("region", [(0.5, 0.5), (0.6, 0.5), (1.0, math.inf), (-math.inf, 0.0), (math.nan, 1.0)])
def test_a_region_must_hold_a_rate(region):
    with pytest.raises(ValueError, match="no rate"):
        rate_p_values(1, 2, *region)


def test_counts_are_counts():
    with pytest.raises(ValueError, match="count"):
        rate_p_values(3, 2, 0.5, math.inf)
