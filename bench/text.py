"""Text from a record, made safe to print."""

from __future__ import annotations

import math

MISSING = "–"


def one_line(value: object) -> str:
    """Return text on one line, without what a terminal or a typesetter would obey instead of show."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in " ".join(str(value).split()))


def cut(text: str, width: int) -> str:
    """Return text in up to `width` characters, cut in its middle: what tells it from others is often at an end."""
    if len(text) <= width:
        return text
    kept = max(0, width - 1)
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


def percent(value: float | None) -> str:
    """Return a rate; one that is neither 0 nor 1 is never rounded to either."""
    if value is None or not math.isfinite(value):
        return MISSING
    if 0 < value <= 0.005:  # which would be rounded to an even 0
        return "< 1 %"
    if 0.995 <= value < 1:
        return "> 99 %"
    return f"{value * 100:.0f} %"


def how_many(needed: int | None, beyond: int | None) -> str:
    """Return `≈ 12`, or `> 10,000` where none up to that would do; empty where there is no telling."""
    if needed is not None:
        return f"≈ {needed:,}"
    return "" if beyond is None else f"> {beyond:,}"


def ranges(numbers: set[int]) -> str:
    """Return `0–2, 5`."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("–".join(map(str, part)) for part in parts)
