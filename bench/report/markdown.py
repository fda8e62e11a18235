"""A report as GitHub markdown."""

from __future__ import annotations

from bench.report.blocks import Answers, Best, Block, Bullets, Facts, Heading, HouseProse, Prose, Table
from bench.report.markup import bullets, escape, table
from bench.report.model import Report
from bench.report.sections import NOTHING, sections, title_of


def render_markdown(report: Report) -> str:
    """Return the report."""
    parts = [f"# {escape(title_of(report))}"]
    for number, section in enumerate(sections(report), 1):
        parts += [f"## {number}. {section.title}", *map(_block, section.blocks)]
    if not report.comparisons:
        parts.append(NOTHING)
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
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
                f"{number}. *{escape(question)}* **{one.verdict}**: {escape(one.text)}"
                for number, (question, one) in enumerate(pairs, 1)
            )
        case Best(before, name, after):
            return f"{before}**{escape(name)}**{escape(after)}"
