"""The one kind of error this package raises."""

from __future__ import annotations

from collections.abc import Iterable


class DataError(ValueError):
    """Data that cannot be used. Its text is one line: what, where, what to do."""


def wrong(errors: Iterable[DataError]) -> None:
    """Raise the first of several errors, and say how many there are.

    Raises:
        DataError: there is one.
    """
    listed = list(errors)
    if listed:
        others = len(listed) - 1
        more = f" ({others} more {'are' if others > 1 else 'is'} wrong)" if others else ""
        raise DataError(f"{listed[0]}{more}")
