"""Whose further seeds could decide a claim."""

from __future__ import annotations

import pytest

from bench.claims import judge, open_arms
from bench.claims.declared import difference
from bench.claims.statement import All, Arm, Claim, Contrast, Fact, Group, Region, Some, Term
from tests.report.samples import record

A, B, C = Arm("cosine"), Arm("step"), Arm("adaptive")
STILL = Contrast((Term(1.0, "alpha_step", Group((C,))),), Region(low=0.01))
"""Zero in every run of C."""
OPEN = difference(A, B)
HOLDS, FAILS = difference(B, C), difference(C, B)

APS = {A: [0.5, 0.6, 0.4], B: [0.5, 0.55, 0.45], C: [0.3, 0.36, 0.24]}
RECORDS = [
    record(arm.label, seed, ap, "paper", ledger={"alpha_step": 0.0} if arm is C else {})
    for arm, aps in APS.items()
    for seed, ap in enumerate(aps)
]


def judged(statement, records=RECORDS, landscape=None):
    (judgement,) = judge([Claim("made-up", "Made up", "made up", statement)], records, landscape)
    return judgement


@pytest.mark.parametrize(
    ("statement", "arms"),
    [
        (OPEN, {A, B}),
        (STILL, set()),
        (HOLDS, set()),  # decided
        (All((OPEN, STILL)), {A, B}),  # may be refuted
        (Some((OPEN, STILL)), {A, B}),  # may be supported
        (All((HOLDS, STILL)), set()),  # only if what is decided turned
        (Some((FAILS, STILL)), set()),
        (All((HOLDS, OPEN)), {A, B, C}),
        (Some((STILL, STILL)), set()),
    ],
)
def test_seeds_are_asked_for_where_they_could_decide(statement, arms):
    assert set(open_arms(judged(statement))) == arms


def test_a_part_that_is_refuted_but_not_among_so_many_waits_for_more():
    barely = difference(C, A)
    parts = All((barely, *[OPEN] * 9))
    found = judged(parts)
    assert found.findings[0].p_refute <= 0.05 < found.p_refute
    assert set(open_arms(found)) == {A, B, C}
    only = judged(All((barely, *[STILL] * 9)))
    assert set(open_arms(only)) == {A, C}


def test_what_is_missing_is_not_waited_for():
    assert open_arms(judged(All((OPEN, difference(A, Arm("linear")))))) == ()
    assert open_arms(judged(Some((STILL, Fact("", ("x",), Region(low=0)))), landscape={"x": -1.0})) == ()


def test_arms_without_a_seed_in_common_wait_for_one():
    records = [record("cosine", 0, 0.5, "paper"), record("step", 1, 0.5, "paper")]
    assert set(open_arms(judged(OPEN, records))) == {A, B}
