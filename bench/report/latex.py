"""A report as LaTeX tables for a paper."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bench.report.model import Comparison, Family, Report
from bench.report.side_tables import combined_table
from bench.report.tables import main_table, variants_table
from bench.text import one_line

_TEXTS = ("strategy", "MGIoU", "status")

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "≈": r"$\approx$",
    "–": "--",
    "<": r"$<$",
    ">": r"$>$",
    "\N{REPLACEMENT CHARACTER}": "?",
}


def render_latex(report: Report) -> str:
    """Return a table a condition, its conclusion as the caption, and one of its variants; then data sets together."""
    head = "% needs \\usepackage{booktabs}; wide, so best on a landscape page\n"
    tables = [table for comparison in report.comparisons for table in _tables(comparison)]
    tables += [_table(combined_table(family), _over(family)) for family in report.families if family.combined]
    return head + ("\n".join(tables) or "% no run is on record\n")


def _tables(comparison: Comparison) -> Iterator[str]:
    yield _table(main_table(comparison), comparison.conclusion)
    if comparison.variants:
        yield _table(variants_table(comparison), comparison.variants_conclusion)


def _over(family: Family) -> str:
    return f"{family.title}: {family.combined_note}" if family.title else family.combined_note


def _table(frame: pd.DataFrame, caption: str) -> str:
    return (
        frame.map(_escape)
        .rename(columns=_escape)
        .to_latex(
            index=False,
            escape=False,
            caption=_escape(caption),
            position="tbp",
            column_format="".join("l" if column in _TEXTS else "r" for column in frame.columns),
        )
    )


def _escape(value: object) -> str:
    text = "".join(_SPECIAL.get(char, char) for char in one_line(value))
    return f"{{}}{text}" if text.startswith("[") else text  # else the line break before it takes it for its argument
