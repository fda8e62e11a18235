"""Sign flips against scipy, and against all of them written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.statistics import sign_flip_p


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
