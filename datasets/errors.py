"""The one kind of error this package raises."""

from __future__ import annotations

from collections.abc import Iterable


class DataError(ValueError):
    """Data that cannot be used. Its text is one line: what, where, what to do.

    Args:
        text: that line.
        every: of several errors of one kind a line each, the first one included; the text then counts them.
    """

    def __init__(self, text: str, every: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.every = tuple(every) or (text,)


def wrong(errors: Iterable[DataError]) -> None:
    """Raise the first of several errors, and say how many there are.

    Raises:
        DataError: there is one.
    """
    listed = list(errors)
    if listed:
        others = len(listed) - 1
        more = f" ({others} more {'are' if others > 1 else 'is'} wrong)" if others else ""
        raise DataError(f"{listed[0]}{more}", map(str, listed))
