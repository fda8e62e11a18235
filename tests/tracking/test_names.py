"""Names of W&B: what it takes, and never one for two studies."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.tracking.wandb_artifacts import plain_name, wandb_id

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)


@pytest.mark.parametrize("name", ["main", "quick", "a-b_C9", "x" * 64])
def test_a_plain_name_stays_what_it_is(name):
    assert plain_name(name) == name
    assert wandb_id("0123456789ab", name) == f"0123456789ab-{name}"


@pytest.mark.parametrize(
    ("one", "other"),
    [("опыт", "проба"), ("研究", "実験"), ("a b", "a.b"), ("a b", "a-b"), ("x" * 70 + "1", "x" * 70 + "2")],
)
def test_two_studies_have_two_names(one, other):
    assert plain_name(one) != plain_name(other)


@given(NAMES, NAMES)
def test_whatever_they_are_called(one, other):
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", plain_name(one))
    assert (plain_name(one) == plain_name(other)) == (one == other)
