"""The formats a report can be written in."""

from __future__ import annotations

from collections.abc import Callable

from bench.errors import UserError
from bench.report.latex import render_latex
from bench.report.machine import render_csv, render_json
from bench.report.markdown import render_markdown
from bench.report.model import Report

FORMATS: dict[str, Callable[[Report], str]] = {
    "md": render_markdown,
    "json": render_json,
    "latex": render_latex,
    "csv": render_csv,
}


def render(report: Report, form: str) -> str:
    """Return the report in one of `FORMATS`.

    Raises:
        UserError: there is no such format.
    """
    if form not in FORMATS:
        raise UserError(f"report format {form!r} is unknown; use one of {', '.join(FORMATS)}")
    return FORMATS[form](report)
