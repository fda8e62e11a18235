"""Numbers as text, the same in every table and sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.text import MISSING, percent

__all__ = ["MISSING", "count_of", "figure", "names", "number", "percent", "with_interval"]


def figure(value: float | None) -> str:
    """Return an AP to three digits."""
    return number(value, ".3f")


def number(value: float | None, form: str, unit: float = 1.0) -> str:
    """Return a number in a format and unit, or `MISSING`."""
    return MISSING if value is None or not math.isfinite(value) else f"{value / unit:{form}}"


def with_interval(mean: float | None, interval: tuple[float, float] | None, form: str = "+.3f") -> str:
    """Return `+0.012 [-0.010, +0.034]`; the mean alone where there is no interval."""
    if interval is None:
        return number(mean, form)
    return f"{number(mean, form)} [{number(interval[0], form)}, {number(interval[1], form)}]"


def count_of(k: int, n: int, interval: tuple[float, float]) -> str:
    """Return `2 of 3 (9 % to 99 %)`; `0 of 0` has no interval."""
    return f"{k} of {n}" + (f" ({percent(interval[0])} to {percent(interval[1])})" if n else "")


def names(found: Sequence[str], most: int = 6) -> str:
    """Return `a, b and 3 more`."""
    shown = ", ".join(found[:most])
    return shown + (f" and {len(found) - most} more" if len(found) > most else "")
