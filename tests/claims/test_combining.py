"""Which part a verdict hangs on."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.claims.combining import deciding, p_values
from bench.claims.model import Finding
from bench.claims.statement import All, Arm, Rate, Region, Some, leaves

LEAF = Rate("stuck", Arm("cosine"), Region(low=0.5))


def found(support, refute=1.0, text="", estimate=0.5):
    return Finding(text, "", estimate, None, 1, {}, support, refute, None, (), (), ())


def told(statement, findings, refuted):
    decided = deciding(statement, findings, refuted)
    return decided and decided[1].text


TWO = [found(0.01, 0.9, "a"), found(0.4, 0.002, "b")]


@pytest.mark.parametrize(
    ("kind", "refuted", "expected"), [(All, False, "b"), (All, True, "b"), (Some, False, "a"), (Some, True, "a")]
)
def test_a_conjunction_hangs_on_its_worst_part_and_a_choice_on_its_best(kind, refuted, expected):
    assert told(kind((LEAF, LEAF)), TWO, refuted) == expected


def test_a_choice_within_a_conjunction_is_one_part_of_it():
    """The leaf of the largest p-value is one that nothing hangs on: another of its choice is supported."""
    statement = All((Some((LEAF, LEAF)), LEAF))
    findings = [found(0.9, text="spare"), found(0.001, text="chosen"), found(0.03, text="sole")]
    assert told(statement, findings, False) == "sole"
    assert told(statement, [*findings[:2], found(0.0001, text="sole")], False) == "chosen"


@pytest.mark.parametrize(("kind", "expected"), [(All, "against"), (Some, "open")])
def test_of_parts_on_the_wrong_side_a_choice_hangs_on_the_one_least_refuted_and_a_conjunction_on_the_most(
    kind, expected
):
    findings = [found(1.0, 0.0002, "against"), found(1.0, 0.6, "open")]
    for order in (findings, findings[::-1]):
        assert told(kind((LEAF, LEAF)), order, False) == expected


def test_what_is_not_on_record_is_passed_over():
    missing = dataclasses.replace(found(1.0, text="missing"), estimate=None)
    assert told(All((LEAF, LEAF)), [missing, TWO[0]], False) == "a"
    assert told(All((LEAF,)), [missing], False) is None


def statements():
    return st.recursive(
        st.just(LEAF),
        lambda inner: st.builds(
            lambda kind, parts: kind(tuple(parts)),
            st.sampled_from([All, Some]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=8,
    )


@given(statements(), st.data())
def test_a_verdict_never_hangs_on_a_part_that_contradicts_it(statement, data):
    p = st.floats(1e-6, 1.0)
    findings = [found(data.draw(p), data.draw(p)) for _ in leaves(statement)]
    support, refute = p_values(statement, findings)
    assert deciding(statement, findings, False)[1].p_support <= support
    assert deciding(statement, findings, True)[1].p_refute <= refute
