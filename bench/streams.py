"""stdout and stderr as a shell hands them over: closed, full, no longer read, or in an encoding that lacks letters."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any


class Unwritten(Exception):
    """Stdout has not taken what was written to it. Its text says why; `unread` is whether nobody reads it any more.

    It is no OSError, since libraries take those of a pipe into their own hands, each in its way.
    """

    def __init__(self, error: OSError) -> None:
        closed = error.errno == errno.EBADF
        super().__init__("it is closed" if closed else error.strerror or type(error).__name__)
        self.unread = isinstance(error, BrokenPipeError)


class _Raw(io.FileIO):
    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except OSError as error:
            raise Unwritten(error) from None


def make_ready() -> None:
    """Make the standard streams fit to be written to, before anything is.

    A file or pipe gets UTF-8, whatever the machine's encoding: it is what JSON, HTML and Markdown are read as. A
    terminal keeps its encoding, and shows `?` for what that has not. A stdout that cannot be written to raises
    `Unwritten`. What would go to a closed stderr is dropped, and not sent to stdout.
    """
    if sys.stdout is None:
        sys.stdout = _strict(os.open(os.devnull, os.O_RDONLY))
    elif type(sys.stdout) is io.TextIOWrapper:  # and not what takes its place in a test
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout = _strict(sys.stdout.fileno())
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for name in ("COLUMNS", "LINES"):
        if os.environ.get(name, "1").strip("0") == "":  # what some shells export for a size that they do not know
            del os.environ[name]


def silence() -> None:
    """Drop what stdout could not take: at the end, Python would try again, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _strict(descriptor: int) -> io.TextIOWrapper:
    raw = _Raw(descriptor, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace")
