"""Statistics against scipy, and against studies in which nothing is to be found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics import holm, paired_difference, rate_interval, seeds_to_decide, sign_flip_p, t_p_value

values = st.lists(st.floats(-1, 1), min_size=2, max_size=10)


def by_seed(xs):
    return dict(enumerate(xs))


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
    assert (one.mean, one.interval, one.p_value, one.decided, one.seeds_to_decide) == (0.8, None, None, False, None)
    none = paired_difference({0: 0.9}, {1: 0.1})
    assert math.isnan(none.mean)
    assert not none.decided


def test_differences_that_are_all_equal_are_not_decided_by_a_spread_of_zero():
    found = paired_difference({0: 0.3, 1: 0.3, 2: 0.3}, {0: 0.1, 1: 0.1, 2: 0.1})
    assert found.mean == pytest.approx(0.2)
    assert found.interval is None
    assert t_p_value(found) is None
    assert not found.decided
    assert found.seeds_to_decide is None


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1).filter(lambda x: abs(x) > 1e-3), min_size=2, max_size=8))
def test_sign_flip_is_scipys_exact_permutation_test(xs):
    expected = stats.permutation_test((np.array(xs),), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_p(xs) == pytest.approx(expected.pvalue)


def test_three_seeds_can_never_be_significant_by_sign_flips():
    assert sign_flip_p([1.0, 2.0, 3.0]) == 0.25


def test_sign_flips_of_many_seeds_are_counted_as_those_of_few():
    xs = np.random.default_rng(4).normal(0.2, 1, 15)
    signs = np.array(np.meshgrid(*[(-1, 1)] * 15)).reshape(15, -1)
    assert sign_flip_p(xs) == (np.abs(xs @ signs) >= abs(xs.sum()) - 1e-12).mean()
    assert sign_flip_p(np.ones(30)) == 2 / 2**30
    assert sign_flip_p([0.1, -0.1, 0.2, -0.2]) == 1


def test_sign_flips_of_very_many_seeds_are_drawn_the_same_every_time():
    xs = np.random.default_rng(5).normal(0.3, 1, 60)
    assert sign_flip_p(xs) == sign_flip_p(xs)
    assert sign_flip_p(xs) == pytest.approx(stats.ttest_1samp(xs, 0).pvalue, abs=0.02)


def test_a_figure_that_is_not_finite_is_refused_not_dropped():
    with pytest.raises(ValueError, match="finite"):
        paired_difference({0: 0.5, 1: math.nan, 2: 0.6}, {0: 0.1, 1: 0.1, 2: 0.1})


@settings(deadline=None)
@given(values)
def test_the_other_way_round_is_the_same_with_the_sign_turned(xs):
    there = paired_difference(by_seed(xs), by_seed([0.25] * len(xs)))
    back = paired_difference(by_seed([0.25] * len(xs)), by_seed(xs))
    assert back.mean == pytest.approx(-there.mean)
    assert (back.decided, back.seeds_to_decide) == (there.decided, there.seeds_to_decide)
    assert back.p_value == pytest.approx(there.p_value)


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


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_monotone_and_bounded(ps):
    adjusted = holm(ps)
    assert all(a >= p and a <= 1 for a, p in zip(adjusted, ps, strict=True))
    by_p = sorted(zip(ps, adjusted, strict=True))
    assert [a for _, a in by_p] == sorted(a for _, a in by_p)
    assert max(adjusted) <= min(1, len(ps) * max(ps)) + 1e-12


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_holm_takes_p_values_alone(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, p])


def test_rate_interval_is_wilsons():
    low, high = rate_interval(0, 3)
    assert low == 0
    assert high == pytest.approx(stats.norm.ppf(0.975) ** 2 / (3 + stats.norm.ppf(0.975) ** 2))
    assert rate_interval(0, 0) == (0, 1)


def false_verdicts(reference_sd):
    """Return in how many of 1,000 studies of 11 strategies that all equal the reference there is any verdict."""
    rng = np.random.default_rng(0)
    with_verdict = 0
    for _ in range(1000):
        reference = by_seed(rng.normal(0, reference_sd, 3))
        found = [paired_difference(by_seed(rng.normal(0, 0.02, 3)), reference) for _ in range(11)]
        with_verdict += min(holm([t_p_value(f) for f in found])) < 0.05
    return with_verdict


@pytest.mark.parametrize("reference_sd", [0.0, 0.02])
def test_nothing_is_found_where_there_is_nothing(reference_sd):
    """With a reference that is known, and with one that varies over seeds and so is in all differences alike."""
    assert stats.binomtest(false_verdicts(reference_sd), 1000, 0.05, alternative="greater").pvalue > 0.01


def test_a_planted_effect_is_found_as_often_as_computed():
    rng = np.random.default_rng(1)
    effect, sd, n = 0.03, 0.02, 5
    critical = stats.t.ppf(0.975, n - 1)
    power = stats.nct.sf(critical, n - 1, effect / sd * math.sqrt(n))
    found = sum(paired_difference(by_seed(rng.normal(effect, sd, n)), by_seed([0.0] * n)).decided for _ in range(1000))
    assert stats.binomtest(found, 1000, power).pvalue > 0.01
