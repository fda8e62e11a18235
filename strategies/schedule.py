"""What a strategy's weights will be, when that is known before the run."""

from __future__ import annotations

from typing import Any

from strategies.base import Strategy
from strategies.signals import Signals


class _Seen(BaseException):
    """A strategy looked at what only a run can tell. No `Exception`, so that no `except` of a strategy's ends it."""


class _Unknown:
    """Stands for a loss, a Gram matrix or a state that nobody has measured yet; any use of it is noticed.

    Attributes:
        used: whether it has been, should a strategy catch whatever there is to catch.
    """

    def __init__(self) -> None:
        self.used = False

    def _use(self, *others: Any) -> Any:
        self.used = True
        raise _Seen

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        """Take the place of torch's functions, which would refuse it with an exception that a strategy may expect."""
        for one in (*args, *(kwargs or {}).values()):
            for part in one if type(one) in (list, tuple) else (one,):
                if type(part) is cls:
                    part._use()
        raise _Seen

    __class__ = property(_use)  # type: ignore[assignment]  # what `isinstance(signals.loss_l2, Tensor)` asks for
    __getattr__ = __getitem__ = __setitem__ = __delitem__ = __call__ = __reduce_ex__ = _use  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _use
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __pow__ = __rpow__ = _use
    __matmul__ = __rmatmul__ = __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __invert__ = _use
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = __neg__ = __pos__ = __abs__ = _use
    __round__ = __trunc__ = __floor__ = __ceil__ = __float__ = __int__ = __index__ = __complex__ = __bool__ = _use
    __lt__ = __le__ = __gt__ = __ge__ = __len__ = __iter__ = __next__ = __reversed__ = __array__ = _use
    __str__ = __repr__ = __format__ = __bytes__ = _use  # type: ignore[assignment]
    __contains__ = __eq__ = __ne__ = __hash__ = _use  # type: ignore[assignment]


def open_loop_prefix(strategy: Strategy, epochs: int) -> list[tuple[float, float]]:
    """Return (w_l2, w_mgiou) of the first epochs, up to the first whose weights depend on how the run goes."""
    unknown: Any = _Unknown()
    rows = []
    for epoch in range(epochs):
        try:
            w_l2, w_mgiou = strategy.weights(Signals(epoch, epochs, unknown, unknown, unknown, unknown))
            row = float(w_l2), float(w_mgiou)
        except (_Seen, Exception):  # whatever else is wrong, its run will tell
            break
        if unknown.used:
            break
        rows.append(row)
    return rows


def open_loop_weights(strategy: Strategy, epochs: int) -> list[tuple[float, float]] | None:
    """Return (w_l2, w_mgiou) of every epoch when they follow from the epoch alone; None when they depend on the run."""
    rows = open_loop_prefix(strategy, epochs)
    return rows if len(rows) == epochs else None


def varies(strategy: Strategy, epochs: int) -> bool:
    """Return whether the weights can differ from one epoch to another."""
    rows = open_loop_weights(strategy, epochs)
    return rows is None or len(set(rows)) > 1
