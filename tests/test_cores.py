"""How many cores there are for this process."""

from __future__ import annotations

import pytest

from bench import cores


@pytest.mark.parametrize(
    ("text", "expected"),
    [("400000 100000", 4), ("150000 100000", 2), ("10000 100000", 1), ("max 100000", 8), (None, 8)],
)
def test_a_containers_quota_counts(monkeypatch, tmp_path, text, expected):
    if text is not None:
        (tmp_path / "cpu.max").write_text(f"{text}\n")
    monkeypatch.setattr(cores, "_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert cores.cores() == expected
