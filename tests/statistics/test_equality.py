"""One meaning of "the same at every seed": where a finding is constant for one test, it is for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.statistics import all_equal, mean_p_values, paired_difference, sign_flip_interval


@pytest.mark.parametrize(
    ("values", "same"),
    [([0.0], True), ([0.3, 0.3, 0.3], True), ([0.1 + 0.2, 0.3], True), ([0.3, 0.3 + 1e-9], False), ([0, 1e-15], False)],
)
def test_equal_up_to_rounding(values, same):
    assert all_equal(values) == same


@given(st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.1 + 0.2, 0.3 + 1e-10]), min_size=6, max_size=8))
def test_every_test_agrees_on_what_has_no_spread(values):
    same = all_equal(values)
    by_seed = dict(enumerate(values))
    assert paired_difference(by_seed, dict.fromkeys(by_seed, 0.0)).constant == same
    assert (sign_flip_interval(values) is None) == same
    assert (mean_p_values(values, 0.2, 0.25) == (1.0, 1.0)) >= same
