"""The seeds and runs that a finding is said to take: as many, as those before them, decide it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.claims import judge
from bench.claims.declared import difference
from bench.claims.planning import more_flips, more_runs, more_seeds
from bench.claims.show import evidence, what_would_decide
from bench.claims.statement import Arm, Claim, Contrast, Group, Rate, Region, Term
from bench.statistics import ALPHA, over_looks_exact, sign_flip_p
from tests.report.samples import record

A, B = Arm("cosine"), Arm("step")
LOOKS = (3, 8)


def finding(statement, records, looks=None):
    (judgement,) = judge([Claim("made-up", "Made up", "made up", statement)], records, None, looks)
    return judgement.findings[0]


def apart(steps):
    """Return runs of A and B that are so far apart by seed."""
    return [
        record(arm.label, seed, 0.5 + (step if arm is A else 0), arm.form)
        for seed, step in enumerate(steps)
        for arm in (A, B)
    ]


def stuck(k, n):
    """Return n runs, the first k of them in full-image boxes."""
    return [record("mgiou", seed, 0.1, "paper", full_image=float(seed < k)) for seed in range(n)]


def like(values, n):
    """Return n values with the mean and the standard deviation of others."""
    shape = np.array([1.0, -1.0] + [0.0] * (n - 2))
    return np.mean(values) + np.std(values, ddof=1) * shape / shape.std(ddof=1)


@pytest.mark.parametrize("looks", [None, LOOKS, (3, 30)])
@pytest.mark.parametrize(
    ("steps", "region"),
    [
        ((0.02, 0.05, 0.01, 0.08, -0.02), Region(low=0)),
        ((-0.02, -0.05, -0.01, -0.08, 0.02), Region(low=0)),
        ((0.02, 0.04, 0.03, 0.05, 0.01), Region(0.012, 0.06)),
        ((0.02, 0.04, 0.03, 0.05, 0.01), Region(0.0, 0.022)),  # beyond the nearer bound, and far from the other
    ],
)
def test_as_many_seeds_as_are_named_decide_a_difference_and_one_fewer_do_not(steps, region, looks):
    def found(values):
        return finding(difference(A, B, region), apart(values), looks)

    now = found(steps)
    assert not now.decided
    assert now.seeds_to_decide > len(steps)
    assert found(like(steps, now.seeds_to_decide)).decided
    if now.seeds_to_decide - 1 > len(steps):
        assert not found(like(steps, now.seeds_to_decide - 1)).decided
    assert f"≈ {now.seeds_to_decide} seeds would decide" == what_would_decide(now, "seeds")


def test_a_difference_beyond_one_bound_is_planned_to_that_bound():
    """It is far from the other bound, which a few seeds would show; that refutes nothing."""
    values = [0.80, 0.83, 0.79, 0.84]
    assert more_seeds(values, Region(0.2, 0.81), None) > 10 > more_seeds(values, Region(0.7, 0.9), None)


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(1, 12), st.sampled_from([None, (3, 8), (3, 20)]), st.floats(0.1, 0.9))
def test_as_many_runs_as_are_named_decide_a_rate_and_no_fewer(k, n, looks, low):
    k = min(k, n)
    statement = Rate("stuck", Arm("mgiou"), Region(low=low))

    def found(runs):
        # A study that goes on beyond its last look looks on.
        return finding(statement, stuck(round(k / n * runs), runs), looks and (looks[0], max(looks[1], runs)))

    now = finding(statement, stuck(k, n), looks)
    if now.decided or now.seeds_to_decide is None:
        assert now.seeds_to_decide is None
        return
    assert now.seeds_to_decide > n
    if now.seeds_to_decide < 60:
        assert found(now.seeds_to_decide).decided
        assert not any(found(runs).decided for runs in range(max(n + 1, now.seeds_to_decide - 3), now.seeds_to_decide))


def test_looks_are_paid_for_in_runs_too():
    now = finding(Rate("stuck", Arm("mgiou"), Region(low=0.5)), stuck(8, 8), (3, 20))
    assert (now.decided, now.seeds_to_decide) == (False, 10)
    assert more_runs(4, 4, Region(low=0.5), None) == 6


def test_what_is_decided_names_no_number():
    now = finding(difference(A, B), apart([0.1, 0.11, 0.12]))
    assert now.decided
    assert (now.seeds_to_decide, what_would_decide(now)) == (None, "")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (lambda: finding(difference(A, B), apart([0.1, -0.1, 1e-4])), "> 10,000 seeds would decide"),
        (lambda: finding(difference(A, B), apart([0.1, -0.1, 1e-4]), LOOKS), "> 200 seeds would decide"),
        (
            lambda: finding(Rate("stuck", Arm("mgiou"), Region(low=0.5)), stuck(1, 2)),
            "> 1,000 seeds would decide",
        ),
    ],
)
def test_what_too_many_seeds_would_decide_says_so(found, told):
    assert what_would_decide(found(), "seeds") == told


@pytest.mark.parametrize("region", [Region(low=0.01), Region(high=0.01), Region(low=0.0)])
def test_a_quantity_that_is_the_same_at_every_seed_is_undecided_on_every_side_and_says_why(region):
    """Also 0 forty times: a mean over 0.01 may come from a few runs that are not among them."""
    still = Contrast((Term(1.0, "alpha_step", Group((A,))),), region)
    records = [record("cosine", seed, 0.5 + seed / 100, "paper", ledger={"alpha_step": 0.0}) for seed in range(40)]
    now = finding(still, records)
    assert (now.p_support, now.p_refute, now.seeds_to_decide) == (1.0, 1.0, None)
    assert now.constant
    assert evidence(now).endswith("0 (n = 40; the same at every seed, which no number of such seeds would decide)")


def test_one_seed_and_rates_are_not_constant():
    assert not finding(difference(A, B), apart([0.1])).constant
    assert not finding(Rate("stuck", A, Region(low=0.5)), apart([0.1, 0.1])).constant
    rounded = finding(difference(A, B), apart([0.1, 0.1 + 1e-16, 0.1 - 1e-16]))
    assert rounded.constant
    assert rounded.seeds_to_decide is None
    assert math.isclose(rounded.estimate, 0.1)


@pytest.mark.parametrize("looks", [None, (3, 10)])
def test_an_order_that_keeps_its_sign_is_decided_at_the_number_told_and_not_before(looks):
    told = more_flips([-0.5, -0.2, -0.1], looks)
    at = [over_looks_exact(sign_flip_p([-0.3] * n), n, looks) <= ALPHA for n in range(4, told + 1)]
    assert at == [False] * (told - 4) + [True]
    assert more_flips([-0.5, 0.0, -0.1], looks) is None
