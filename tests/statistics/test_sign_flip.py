"""Sign flips against scipy, and against all of them written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics import sign_flip_interval, sign_flip_p


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
    expected = stats.permutation_test((xs,), np.mean, permutation_type="samples", random_state=np.random.default_rng(1))
    assert sign_flip_p(xs) == pytest.approx(expected.pvalue, abs=0.01)
    assert sign_flip_p(np.ones(60)) == 1 / 10_000
    assert sign_flip_p(np.zeros(60)) == 1


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-12, 12).map(lambda x: x / 12), min_size=6, max_size=8))
def test_the_interval_leaves_out_zero_exactly_when_the_test_refutes_it(xs):
    interval = sign_flip_interval(xs)
    if len(set(xs)) == 1:
        assert interval is None
        return
    low, high = interval
    assert low <= np.mean(xs) <= high
    assert (low > 0 or high < 0) == (sign_flip_p(xs) <= 0.05)


def test_the_ends_of_the_interval_are_means_of_some_of_the_differences():
    xs = np.random.default_rng(6).normal(0.2, 1, 7)
    chosen = np.array(np.meshgrid(*[(0, 1)] * 7)).reshape(7, -1).T[1:]
    means = np.sort(chosen @ xs / chosen.sum(1))
    # Of 2^7 choices, 3 in either tail are under 2.5 %: the third mean from either end is the first that is not refuted.
    assert sign_flip_interval(xs) == pytest.approx((means[2], means[-3]), abs=1e-8)


@pytest.mark.parametrize("xs", [[], [0.5], [0.1, 0.2, 0.3, 0.4, 0.5], [0.25] * 9])
def test_what_cannot_refute_any_centre_has_no_interval(xs):
    assert sign_flip_interval(xs) is None


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(7)
    covered = [low <= 0.3 <= high for low, high in (sign_flip_interval(rng.normal(0.3, 1, 8)) for _ in range(400))]
    assert np.mean(covered) >= 0.95 - 3 * (0.05 * 0.95 / 400) ** 0.5
