"""Plans against the t-interval, and against studies that were simulated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics import over_looks, paired_difference, power, seeds_to_decide
from tests.statistics.samples import by_seed

LOOKS = (3, 8)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (1.0, 0.0), (math.nan, 1.0), (1.0, math.nan), (1e-6, 1.0)])
def test_there_is_no_telling_how_many_seeds(mean, sd):
    assert seeds_to_decide(mean, sd) is None


def test_a_study_of_the_planned_size_decides_about_every_second_time():
    rng = np.random.default_rng(2)
    mean, sd = 0.02, 0.03
    n = seeds_to_decide(mean, sd)
    found = sum(paired_difference(by_seed(rng.normal(mean, sd, n)), by_seed([0.0] * n)).decided for _ in range(1000))
    assert 0.4 < found / 1000 < 0.6


@settings(deadline=None)
@given(st.floats(0.001, 1), st.floats(0.001, 1))
def test_seeds_to_decide_is_the_least_number_that_does(mean, sd):
    n = seeds_to_decide(mean, sd)

    def decides(count):
        return mean > stats.t.ppf(0.975, count - 1) * sd / math.sqrt(count)

    if n is None:
        assert not decides(10_000)
    else:
        assert decides(n)
        assert n == 2 or not decides(n - 1)


@given(st.floats(0.1, 3), st.integers(0, 40))
def test_a_plan_is_for_more_seeds_than_there_are(effect, after):
    without = seeds_to_decide(effect, 1)
    assert seeds_to_decide(-effect, 1, after=after) == max(without, after + 1)


def p_value(effect, n):
    return 2 * stats.t.sf(effect * math.sqrt(n), n - 1)


@settings(deadline=None, max_examples=50)
@given(st.floats(0.9, 8), st.integers(0, 12))
def test_a_plan_over_looks_is_the_least_number_that_decides_after_the_correction(effect, after):
    n = seeds_to_decide(effect, 1, after=after, looks=LOOKS)
    assert n > after
    assert over_looks(p_value(effect, n), n, LOOKS) < 0.05
    assert all(over_looks(p_value(effect, k), k, LOOKS) >= 0.05 for k in range(max(2, after + 1), n))
    assert n >= seeds_to_decide(effect, 1, after=after)


def test_a_plan_beyond_the_last_look_pays_for_those_up_to_it():
    n = seeds_to_decide(0.6, 1, looks=LOOKS)
    assert n > LOOKS[1]
    assert over_looks(p_value(0.6, n), n, (LOOKS[0], n)) < 0.05 <= over_looks(p_value(0.6, n - 1), n - 1, LOOKS)
    assert over_looks(p_value(0.6, n - 2), n - 2, LOOKS) >= 0.05
    assert seeds_to_decide(0.02, 1, looks=LOOKS) is None
    assert seeds_to_decide(0.02, 1) > 200


@pytest.mark.parametrize(("mean", "n", "alpha"), [(0.0, 3, 0.05), (0.03, 3, 0.05), (-0.03, 5, 0.01), (0.02, 20, 0.05)])
def test_power_is_how_often_the_t_test_finds_it(mean, n, alpha):
    drawn = np.random.default_rng(3).normal(mean, 0.02, (20_000, n))
    found = int((stats.ttest_1samp(drawn, 0, axis=1).pvalue < alpha).sum())
    assert stats.binomtest(found, len(drawn), power(mean, 0.02, n, alpha)).pvalue > 0.001


def test_power_is_a_number_however_far_the_mean():
    """Scipy's noncentral t has holes; one is at 92 pairs and 5.7 standard errors."""
    for n in range(2, 200, 3):
        for alpha in (0.05, 0.05 / 12, 0.001):
            powers = [power(shift / math.sqrt(n), 1.0, n, alpha) for shift in np.linspace(0, 12, 121)]
            assert np.diff(powers).min() > -1e-9
            assert powers[-1] > powers[0] == pytest.approx(alpha)


def test_by_the_book():
    """G*Power (Faul et al. 2007): half a standard deviation takes 34 pairs for a power of 0.8 at 0.05."""
    assert power(0.5, 1, 33) < 0.8 < power(0.5, 1, 34)


def test_one_pair_finds_nothing():
    assert power(1.0, 0.1, 1) == 0.0


@pytest.mark.parametrize("wrong", [{"sd": 0.0}, {"sd": math.nan}, {"alpha": 0.0}])
def test_power_needs_a_spread_and_a_level(wrong):
    with pytest.raises(ValueError, match=r"must be positive|lies between"):
        power(**{"mean": 0.01, "sd": 0.02, "n": 5, **wrong})
