"""Some of many, at even distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """Return so many items at even distances, from the first on; all of them where there are fewer.

    What an item is has no say in which, so that nothing is picked for how it looks or scores. Runs on record keep
    predictions on the images that this chose: another rule would find none on its own.
    """
    count = min(count, len(items))
    return [items[number * len(items) // count] for number in range(count)]
