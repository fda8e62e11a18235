"""Some of many, at even distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """Return so many items at even distances, each from the middle of its part; all of them where there are fewer.

    What an item is has no say in which, so that nothing is picked for how it looks or scores.
    """
    count = min(count, len(items))
    return [items[int((place + 0.5) * len(items) / count)] for place in range(count)]
