"""How much memory a container leaves."""

from __future__ import annotations

import pytest

from bench import memory_limit


@pytest.mark.parametrize(
    ("limit", "taken", "parts", "expected"),
    [
        ("1000", "700", "anon 500\ninactive_file 150\n", 450),
        ("1000", "1200", "inactive_file 0\n", 0),
        ("max", "700", "inactive_file 150\n", None),
        ("1000", "700", "anon 500\n", None),
        (None, None, None, None),
    ],
)
def test_what_a_container_leaves_is_its_limit_less_what_is_taken(monkeypatch, tmp_path, limit, taken, parts, expected):
    for name, text in (("memory.max", limit), ("memory.current", taken), ("memory.stat", parts)):
        if text is not None:
            (tmp_path / name).write_text(f"{text}\n" if name != "memory.stat" else text)
    monkeypatch.setattr(memory_limit, "_GROUP", tmp_path)
    assert memory_limit.left() == expected
