"""What was left out or found odd, counted: a note is one line, and opens with how many times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def noted(notes: Counter[str], what: str, paths: Sequence[Path]) -> None:
    """Add a note that counts files and names the first; none where there are no files."""
    if paths:
        name = min(paths).name
        notes[f"{what}, such as {name if name.isprintable() else repr(name)}"] += len(paths)


def as_lines(notes: Counter[str]) -> tuple[str, ...]:
    """Return what was counted as notes of one line."""
    return tuple(f"{count} {what}" for what, count in notes.items())
