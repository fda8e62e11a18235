"""An exception in one line."""

from __future__ import annotations

import pytest

from bench.errors import brief


@pytest.mark.parametrize(
    ("error", "most", "line"),
    [
        (ValueError("no\n  such\tthing "), None, "ValueError: no such thing"),
        (MemoryError(), None, "MemoryError"),
        (OSError(28, "No space left on device"), None, "OSError: [Errno 28] No space left on device"),
        (ValueError("x" * 100), 20, "ValueError: xxxxxxxx"),
    ],
)
def test_an_exception_is_one_line_of_so_many_characters_at_most(error, most, line):
    assert brief(error, most) == line
