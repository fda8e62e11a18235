"""Augmented images, kept in memory for the next run that is shown the same ones."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from torch import Tensor

LIMIT = 320 * 2**20
"""Bytes that a process keeps: 100 epochs of the 96 images of `documents` at 96 px take 265 MiB."""

Item = dict[str, Any]


class ItemMemory:
    """Items by key, as many as fit.

    Those that come first are kept: epochs come round in the same order, and what is thrown away for the latest would be
    the next to be asked for.

    Args:
        limit: bytes of tensors to keep.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._items: dict[int, Item] = {}

    def get(self, key: int) -> Item | None:
        """Return a copy of an item, all but the image; None when it is not kept."""
        item = self._items.get(key)
        return None if item is None else _copy(item)

    def keep(self, key: int, item: Item) -> None:
        """Keep an item, if it fits."""
        size = sum(value.nbytes for value in item.values() if isinstance(value, Tensor))
        if key not in self._items and self.held + size <= self.limit:
            self._items[key] = _copy(item)
            self.held += size


def memory_of(what: Hashable) -> ItemMemory:
    """Return what this process keeps of the items that `what` tells from others; of one `what` at a time.

    Args:
        what: all that items depend on but their key. Not the strategy: every run of a seed is shown the same.
    """
    if what not in _MEMORIES:
        _MEMORIES.clear()
        _MEMORIES[what] = ItemMemory(LIMIT)
    return _MEMORIES[what]


_MEMORIES: dict[Hashable, ItemMemory] = {}


def _copy(item: Item) -> Item:
    # Ultralytics' collate adds an image's place in the batch to `batch_idx` in place; an image it stacks, into a copy.
    return {key: value.clone() if isinstance(value, Tensor) and key != "img" else value for key, value in item.items()}
