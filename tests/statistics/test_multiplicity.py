"""Holm's procedure."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.statistics import holm


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
