"""A terminal of any size with a command in it, as a user has it."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# A new session has no controlling terminal until it opens one; only then do keys and resizing signal it.
_TAKE = "import os; os.close(os.open(os.ttyname(0), os.O_RDWR))\n"
_BENCH = "import runpy, sys; sys.argv = ['bench', *sys.argv[1:]]; runpy.run_module('bench', run_name='__main__')\n"
_HOME = "\x1b[H"
_LEAVE = "\x1b[?1049l"
_PATIENCE = 300.0


class Terminal:
    """Python code in a terminal of its own.

    Args:
        code: to run; by default `python -m bench`.
        words: its arguments.
        size: columns and rows.
    """

    def __init__(self, *words: object, code: str = _BENCH, size: tuple[int, int] = (80, 24)) -> None:
        self._master, slave = pty.openpty()
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a letter may come in two parts
        self.resize(*size)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE + code, *map(str, words)],
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "", "LINES": ""},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; what runs in it is signalled."""
        self.size = (columns, rows)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Type something; Ctrl-C is `\\x03`."""
        os.write(self._master, keys.encode())

    def wait_for(self, found) -> None:
        """Read until `found(self)`, or fail with what has been read when the command ends before."""
        while not found(self):
            if not self._read():
                raise AssertionError(f"the command ended: {self.text[-2000:]!r}")

    def end(self) -> int:
        """Read to the end; return the exit code."""
        while self._read():
            pass
        return self.process.wait()

    def frames(self) -> list[list[str]]:
        """Return every screen that was drawn whole, as lines."""
        return [_lines(one) for one in self.text.split(_LEAVE)[0].split(_HOME)[1:-1]]

    def left(self) -> list[str]:
        """Return what stands below the prompt once the view has left the screen."""
        return [line.rstrip() for line in _lines(self.text.rpartition(_LEAVE)[2])]

    def _read(self) -> bool:
        if not select.select([self._master], [], [], _PATIENCE)[0]:
            raise AssertionError(f"nothing was written for {_PATIENCE:.0f} s after {self.text[-2000:]!r}")
        with contextlib.suppress(OSError):  # the other side is closed
            if content := os.read(self._master, 65536):
                self.text += self._decoder.decode(content)
                return True
        return False


def _lines(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r", "").rstrip("\n").split("\n")
