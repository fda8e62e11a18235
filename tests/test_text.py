"""Text that is safe to print, and numbers in short."""

from __future__ import annotations

import pytest

from bench.text import how_many, one_line, percent, ranges


@pytest.mark.parametrize(
    ("numbers", "text"),
    [(set(), ""), ({3}, "3"), ({0, 1, 2}, "0–2"), ({0, 1, 5, 7, 8}, "0–1, 5, 7–8"), ({0, 2}, "0, 2")],
)
def test_ranges(numbers, text):
    assert ranges(numbers) == text


@pytest.mark.parametrize(
    ("needed", "beyond", "text"),
    [(12, None, "≈ 12"), (6841, None, "≈ 6,841"), (None, 10_000, "> 10,000"), (None, None, "")],
)
def test_how_many(needed, beyond, text):
    assert how_many(needed, beyond) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0.0, "0 %"),
        (0.004, "< 1 %"),
        (0.005, "< 1 %"),
        (0.006, "1 %"),
        (0.994, "99 %"),
        (0.995, "> 99 %"),
        (1.0, "100 %"),
    ],
)
def test_a_rate_is_never_rounded_to_none_or_all(rate, text):
    assert percent(rate) == text


def test_one_line():
    assert one_line(" a\n\tb\x1b[31m\u202ec ") == "a b\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}c"
