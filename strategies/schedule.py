"""What a strategy's weights will be, when that is known before the run."""

from __future__ import annotations

from typing import Any

from strategies.base import Strategy
from strategies.signals import Signals


class _Seen(Exception):
    """A strategy looked at what only a run can tell."""


class _Unknown:
    """Stands for a loss, a Gram matrix or a state that nobody has measured yet; any use of it is noticed."""

    def __getattr__(self, name: str) -> Any:
        raise _Seen

    def __getitem__(self, key: Any) -> Any:
        raise _Seen

    def _use(self, *others: Any) -> Any:
        raise _Seen

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = _use
    __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __abs__ = __float__ = __bool__ = __len__ = __iter__ = _use
    __contains__ = __eq__ = __ne__ = __hash__ = _use  # type: ignore[assignment]


def open_loop_prefix(strategy: Strategy, epochs: int) -> list[tuple[float, float]]:
    """Return (w_l2, w_mgiou) of the first epochs, up to the first whose weights depend on how the run goes."""
    unknown: Any = _Unknown()
    rows = []
    for epoch in range(epochs):
        try:
            w_l2, w_mgiou = strategy.weights(Signals(epoch, epochs, unknown, unknown, unknown, unknown))
            rows.append((float(w_l2), float(w_mgiou)))
        except Exception:  # torch functions refuse what is no tensor; whatever else is wrong, its run will tell
            break
    return rows


def open_loop_weights(strategy: Strategy, epochs: int) -> list[tuple[float, float]] | None:
    """Return (w_l2, w_mgiou) of every epoch when they follow from the epoch alone; None when they depend on the run."""
    rows = open_loop_prefix(strategy, epochs)
    return rows if len(rows) == epochs else None


def varies(strategy: Strategy, epochs: int) -> bool:
    """Return whether the weights can differ from one epoch to another."""
    rows = open_loop_weights(strategy, epochs)
    return rows is None or len(set(rows)) > 1
