"""SIGTERM, by which a machine that is about to be taken away, or a queue of jobs, says stop: as Ctrl-C to a command."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

NAME = "SIGTERM"


@contextlib.contextmanager
def as_ctrl_c() -> Iterator[list[int]]:
    """Let SIGTERM raise a `KeyboardInterrupt`, whose text is `NAME`; yield a list that is empty until it has.

    A second one ends the process at once. A signal that this process was started to ignore stays ignored. In another
    thread than the first, which hears of none, nothing is changed.
    """
    came: list[int] = []
    first = threading.current_thread() is threading.main_thread()
    if not first or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield came
        return

    def stop(number: int, frame: FrameType | None) -> None:
        came.append(number)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise KeyboardInterrupt(NAME)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
