"""GitHub markdown that shows text from records as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pandas as pd
from tabulate import tabulate

from bench.text import one_line

TEXTS = ("strategy", "MGIoU", "run", "status", "claim", "verdict", "evidence", "criterion", "winner", "why", "control")
"""Columns that are read and not compared, and so begin on the left."""


def table(frame: pd.DataFrame) -> str:
    """Return a frame of text as a table."""
    return _table(frame, escape)


def plain_table(frame: pd.DataFrame) -> str:
    """Return the same for a terminal, which shows text as it is."""
    return _table(frame, one_line)


def _table(frame: pd.DataFrame, cell: Callable[[object], str]) -> str:
    align = ["left" if column in TEXTS else "right" for column in frame.columns]
    return tabulate(
        frame.map(cell).values.tolist(),
        headers=[cell(column) for column in frame.columns],
        tablefmt="github",
        colalign=align if len(frame) else None,
        disable_numparse=True,
    )


def bullets(lines: Iterable[str]) -> str:
    """Return a list, a line each, escaped."""
    return "\n".join(f"- {escape(line)}" for line in lines)


def escape(value: object) -> str:
    """Return text that stays text: no HTML, no markup, no cell or line of its own."""
    text = one_line(value).replace("&", "&amp;")
    text = re.sub(r"<(?! \d)", "&lt;", text)  # what is left is the sign in `< 1 %`
    text = re.sub(r">(?! \d)", "&gt;", text)
    for mark in ("\\", "|", "`", "*", "_", "[", "]", "~", "$", "#", "@"):
        text = text.replace(mark, f"\\{mark}")
    return text
