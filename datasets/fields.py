"""Fields of a JSON file, checked: what every message about a wrong one says is what, where, and what was expected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from datasets.errors import DataError

_TYPES = {int: "a whole number", str: "a text", list: "a list"}
_LARGEST = 2**53


def field(entry: Mapping[str, Any], key: str, wanted: type, where: str) -> Any:
    """Return `entry[key]`, of type `wanted`.

    Raises:
        DataError: it is missing, of another type, or a whole number that double precision does not hold.
    """
    if key not in entry:
        raise DataError(f"{where}: {key!r} is missing; add it")
    value = entry[key]
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise DataError(f"{where}: {key!r} must be {_TYPES[wanted]}, not {type(value).__name__}")
    if isinstance(value, int) and abs(value) > _LARGEST:  # pycocotools keeps ids in double precision
        raise DataError(f"{where}: {key!r} is too large a number; use one below 2^53")
    return value


def by_id(raw: Mapping[str, Any], key: str, where: str) -> dict[int, dict[str, Any]]:
    """Return the entries of the list `raw[key]` by their `id`, in the file's order.

    Raises:
        DataError: no list, an entry that is no object, an id that is missing, wrong or there twice.
    """
    found: dict[int, dict[str, Any]] = {}
    for position, entry in enumerate(field(raw, key, list, where)):
        place = f"{where}: {key}[{position}]"
        if not isinstance(entry, dict):
            raise DataError(f"{place}: expected an object, found {type(entry).__name__}")
        entry_id = field(entry, "id", int, place)
        if entry_id in found:
            raise DataError(f"{place}: id {entry_id} is there twice; ids must be unique")
        found[entry_id] = entry
    return found


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a number; NaN and the infinities, which Python's JSON reads, are."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_within(value: Any, low: float, high: float) -> bool:
    """Return whether a JSON value is a finite number in [low, high]."""
    return is_number(value) and not (isinstance(value, float) and math.isnan(value)) and low <= value <= high
