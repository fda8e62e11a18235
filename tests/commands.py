"""The command line as a user types it, in this process: a second instead of four."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import NamedTuple
from unittest import mock

from bench.cli import main


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


def bench(*words) -> Said:
    """Run `python -m bench ...`."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.dict(os.environ),  # of a process of its own
        mock.patch.object(sys, "argv", ["bench", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 0 if stopped.code is None else 1
    return Said(code, out.getvalue(), err.getvalue())


def refused(*words) -> str:
    """Run a command that is to be refused; return its one line."""
    said = bench(*words)
    assert said.code == 2, said
    assert said.out == ""
    assert said.err.startswith("bench: ")
    (line,) = said.err.splitlines()
    return line
