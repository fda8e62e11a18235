"""A report as LaTeX tables for a paper; they need booktabs."""

from __future__ import annotations

from bench.report.model import Report
from bench.report.tables import main_table

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
}


def render_latex(report: Report) -> str:
    """Return a table a condition, its conclusion as the caption."""
    tables = []
    for comparison in report.comparisons:
        frame = main_table(comparison).map(_escape).rename(columns=_escape)
        tables.append(frame.to_latex(index=False, escape=False, caption=_escape(comparison.conclusion), position="t"))
    return "\n".join(tables)


def _escape(text: str) -> str:
    return "".join(_SPECIAL.get(char, char) for char in str(text))
