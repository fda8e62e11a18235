"""Comparing a generated file with what it should be."""

from __future__ import annotations

from itertools import takewhile, zip_longest

import pytest

from tests.tools.regenerate import COMMAND

LINES = 3
"""How many of the lines that differ are shown: one word in a long text must not print all of it."""
BEFORE, WIDTH = 40, 160
"""Characters that are shown of each: before the first that differs, and in all."""


def assert_generated(path, expected):
    """Fail unless a file holds a text, with the first lines that differ and the command that writes it."""
    found = path.read_text(encoding="utf-8")
    if found == expected:
        return
    told = [f"{path.name} is not what code and records make of it; `{COMMAND}` writes it anew. The first differences:"]
    pairs = zip_longest(found.splitlines(keepends=True), expected.splitlines(keepends=True), fillvalue="")
    differing = [(number, here, there) for number, (here, there) in enumerate(pairs, 1) if here != there]
    for number, here, there in differing[:LINES]:
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False)))
        start = max(0, same - BEFORE)
        told += [f"line {number}", *(f"{mark} {one[start:][:WIDTH]!r}" for mark, one in (("-", here), ("+", there)))]
    pytest.fail("\n".join(told), pytrace=False)
