"""Which split an item of a data set belongs to, where no annotation file says so."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TypeVar

from datasets.errors import DataError

VAL_SHARE = 0.2
"""Of the images of a set without splits that are measured on."""
_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}

Item = TypeVar("Item", bound=Hashable)


def split_of(relative: Path) -> str | None:
    """Return the split that a folder on a file's path below the source names, `test` included; None where none does."""
    return next((_SPLITS[part.lower()] for part in relative.parts[:-1] if part.lower() in _SPLITS), None)


def divided(
    items: Sequence[tuple[Path, Item]], where: str, notes: Counter[str], has_objects: Callable[[Item], bool]
) -> dict[str, list[Item]]:
    """Return items by split: as folders on their paths say, else by a hash of each one's path.

    A hash does not depend on the other items: an image that is added moves no other to the other split. Where it would
    leave a split without an object, the item with objects that is next by its hash is moved there.

    Args:
        items: each with its path below the source.
        where: opens every message.
        has_objects: whether there is something to learn from an item; the others are background.
        notes: gets one on what was left out or how the split was made.

    Raises:
        DataError: one split is or would be empty, or folders name the split of some items alone.
    """
    found: dict[str | None, list[Item]] = {}
    for relative, item in items:
        found.setdefault(split_of(relative), []).append(item)
    loose, test = found.pop(None, []), found.pop("test", [])
    if test:
        notes["images of test/ are left out"] += len(test)
    if loose and found:
        raise DataError(
            f"{where}: {len(loose)} label files lie outside of train/ and val/; move them in, or all of them out"
        )
    if not loose:
        for split in ("train", "val"):
            if not found.get(split):
                raise DataError(f"{where}: {split}/ holds no label file; add one, or have neither train/ nor val/")
        return {"train": found["train"], "val": found["val"]}
    ranked = sorted((_share(relative), item) for relative, item in items if split_of(relative) is None)
    full = [one for one in ranked if has_objects(one[1])]
    if len(full) < 2:
        told = "one labelled image" if len(loose) < 2 else f"{len(full)} of {len(loose)} labelled images with objects"
        raise DataError(f"{where}: {told}; there must be two, one to train on and one to measure on")
    count = min(max(sum(share < VAL_SHARE for share, _ in full), 1), len(full) - 1)
    filled = {item for _, item in full}
    chosen = {item for _, item in full[:count]}
    chosen |= {item for share, item in ranked if share < VAL_SHARE and item not in filled}
    notes["images were set aside for val by a hash of their names; near copies of them may still be in train"] = len(
        chosen
    )
    return {
        "train": [item for item in loose if item not in chosen],
        "val": [item for item in loose if item in chosen],
    }


def _share(relative: Path) -> float:
    name = relative.with_suffix("").as_posix().encode(errors="surrogateescape")
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") / 2**64
