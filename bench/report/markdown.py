"""A report as GitHub markdown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING
from urllib.parse import quote

from bench.report.blocks import Answers, Best, Block, Bullets, Facts, Heading, HouseProse, Prose, Table
from bench.report.markup import bullets, escape, table
from bench.report.model import Report
from bench.report.sections import NOTHING, sections, title_of

if TYPE_CHECKING:
    from bench.report.figures import Figure


def render_markdown(report: Report, figures: Sequence[Figure] = (), beside: Path | None = None) -> str:
    """Return the report.

    Args:
        report: of a study.
        figures: of that report, shown in a last section.
        beside: the folder the text is read in, where the paths of figures start; by default the working directory.
    """
    parts = [f"# {escape(title_of(report))}"]
    found = sections(report)
    for number, section in enumerate(found, 1):
        parts += [f"## {number}. {section.title}", *map(markdown_of, section.blocks)]
    if not report.comparisons:
        parts.append(NOTHING)
    if figures:
        parts.append(f"## {len(found) + 1}. Figures")
        for one in figures:
            path = Path(os.path.relpath(one.path, beside or Path.cwd())).as_posix()
            parts += [f"![{escape(one.title)}]({quote(path)})", escape(one.caption)]
    return "\n\n".join(parts) + "\n"


def markdown_of(block: Block) -> str:
    """Return a block."""
    match block:
        case Heading(text, level):
            return f"{'#' * level} {escape(text)}"
        case Prose(text):
            return escape(text)
        case HouseProse(text):
            return text
        case Bullets(lines):
            return bullets(lines)
        case Facts(pairs):
            return "\n".join(f"- {heading}: {escape(fact)}" for heading, fact in pairs)
        case Table():
            return table(block.frame)
        case Answers(pairs):
            return "\n".join(
                f"{number}. *{escape(question)}* **{one.verdict}**: {escape(one.text)}\n{_below(bullets(one.evidence))}"
                for number, (question, one) in enumerate(pairs, 1)
            )
        case Best(before, name, after):
            return f"{before}**{escape(name)}**{escape(after)}"


def _below(lines: str) -> str:
    """Return lines as they stand within a numbered one."""
    return indent(lines, "   ")
