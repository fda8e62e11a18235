"""Runs of one strategy in one form are called the same wherever they are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bench
from bench.arm_name import arm_name
from bench.claims.statement import Arm
from bench.run_table import RunRow


@pytest.mark.parametrize(
    ("label", "form", "name"),
    [("l2", None, "l2"), ("cosine", "paper", "cosine (paper)"), ("x", "centred", "x (centred)")],
)
def test_names(label, form, name):
    assert arm_name(label, form) == name


def test_a_claim_leaves_out_the_form_that_is_usual():
    assert [Arm("x", form).name for form in (None, "paper", "centred")] == ["x", "x", "x (centred)"]


@pytest.mark.parametrize("width", [20, 31, 32, 40])
@pytest.mark.parametrize("seed", [None, 3])
def test_a_row_keeps_form_and_seed_and_fits(width, seed):
    row = RunRow("0123456789ab", "two-stage-70-restart", "paper", seed, 1, 10, "running")
    name, rest = row.name(width), " (paper)" + ("" if seed is None else " s3")
    assert name.endswith(rest)
    assert len(name) <= width
    assert len(row.name(8)) == 8, "no room for more than a part of it"
    assert row.name() == f"two-stage-70-restart{rest}"


def test_it_is_written_in_one_place():
    """A label and a form in brackets, in any spelling of an f-string."""
    root = Path(bench.__file__).parent
    spelt = re.compile(r"\(\{[\w.]*form\}\)")
    assert [path.name for path in root.rglob("*.py") if spelt.search(path.read_text(encoding="utf-8"))] == [
        "arm_name.py"
    ]
