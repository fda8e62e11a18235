"""Being told to stop: by Ctrl-C, or by a machine that is about to be taken away (SIGTERM)."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_SIGCHLD = getattr(signal, "SIGCHLD", None)
"""Windows has none."""


@contextlib.contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Let a child that is started begin without ears for Ctrl-C, which reaches the whole group: the parent decides."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Stopped(BaseException):
    """Raised where a worker trains when it is told to stop. No `Exception`, so that no library swallows it."""


class StopSignal:
    """Turns SIGTERM into `Stopped`, but only where that costs nothing: never between the files of a record.

    Attributes:
        asked: whether the signal has come.
    """

    def __init__(self) -> None:
        self.asked = False
        self._armed = False

    def listen(self) -> None:
        """Take over SIGTERM in this process."""
        signal.signal(signal.SIGTERM, self._handle)

    @contextlib.contextmanager
    def armed(self) -> Iterator[None]:
        """Let the signal interrupt what is done within.

        Raises:
            Stopped: it came, or had come before.
        """
        self._armed = True
        try:
            if self.asked:
                raise Stopped
            yield
        finally:
            self._armed = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Finish what is done within before the signal interrupts: half a message or file would be worse than a wait.

        Raises:
            Stopped: at the end, when the signal came in the meantime.
        """
        self._armed = False
        yield
        self._armed = True
        if self.asked:
            self._armed = False
            raise Stopped

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if _SIGCHLD is not None:
            # Sent to a whole group, it ends the processes that load images too, at which torch raises anywhere.
            signal.signal(_SIGCHLD, signal.SIG_DFL)
        if self._armed:
            self._armed = False  # a second signal must not interrupt what the first one leads to
            raise Stopped
