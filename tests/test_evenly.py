"""Some of many, whatever they are."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bench.evenly import evenly


@given(st.integers(0, 60), st.integers(1, 60))
def test_as_many_as_asked_in_order_from_the_first_on_as_far_apart_as_they_can_be(length, count):
    chosen = evenly(range(length), count)
    assert len(chosen) == min(count, length)
    gaps = {after - before for before, after in pairwise([*chosen, length])}  # and from the last to the end
    assert not gaps or 1 <= min(gaps) >= max(gaps) - 1
    assert not chosen or chosen[0] == 0
