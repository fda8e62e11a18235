"""A report as LaTeX tables for a paper."""

from __future__ import annotations

from bench.report.model import Comparison, Report
from bench.report.tables import main_table
from bench.report.text import one_line

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
    """Return a table a condition, its conclusion as the caption."""
    head = "% needs \\usepackage{booktabs}; wide, so best on a landscape page\n"
    return head + ("\n".join(map(_table, report.comparisons)) or "% no run is on record\n")


def _table(comparison: Comparison) -> str:
    frame = main_table(comparison)
    return (
        frame.map(_escape)
        .rename(columns=_escape)
        .to_latex(
            index=False,
            escape=False,
            caption=_escape(comparison.conclusion),
            position="tbp",
            column_format="".join("l" if column in _TEXTS else "r" for column in frame.columns),
        )
    )


def _escape(value: object) -> str:
    text = "".join(_SPECIAL.get(char, char) for char in one_line(value))
    return f"{{}}{text}" if text.startswith("[") else text  # else the line break before it takes it for its argument
