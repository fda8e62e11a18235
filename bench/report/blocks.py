"""What a report's sections are made of, before it is markdown or HTML. All text is plain: it may quote records."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bench.report.model import Comparison, Row
from bench.report.parts import Answer, Combined, Control, Escape

Line = Row | Combined | Control | Escape
"""What can stand behind a line of a table; all have the ids of their runs."""


@dataclass(frozen=True)
class Heading:
    """A heading below the section's.

    Attributes:
        text: of it.
        level: 3 or 4, as HTML counts.
    """

    text: str
    level: int


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class HouseProse:
    """A paragraph in the house's own words, quoting nothing: *so* is emphasis, `so` is code."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list, a line each."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """A list of a heading and a line each."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        key: what it shows, short and stable.
        title: the same for people.
        frame: of text.
        of: the comparison its rows are from; None where they are from several.
        rows: what stands behind each line, in order; empty where no line has runs of its own.
    """

    key: str
    title: str
    frame: pd.DataFrame
    of: Comparison | None = None
    rows: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Answers:
    """Questions and answers, numbered.

    Attributes:
        pairs: of a question and its answer.
    """

    pairs: tuple[tuple[str, Answer], ...]


@dataclass(frozen=True)
class Best:
    """Who is best: `before`, the name, which is emphasised, and `after`."""

    before: str
    name: str
    after: str


Block = Heading | Prose | HouseProse | Bullets | Facts | Table | Answers | Best


@dataclass(frozen=True)
class Section:
    """A part of the report with a heading of its own.

    Attributes:
        key: short and stable.
        title: its heading.
        blocks: in order.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
