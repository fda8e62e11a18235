"""Reading a report as its reader does."""

from __future__ import annotations

import re


def section(text, heading):
    """Return what stands under a numbered heading of a markdown report."""
    (found,) = re.findall(rf"^## \d+\. {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found.strip()


def table(text, heading):
    """Return the first markdown table with a heading in it, a dict a row."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|") and heading in _cells(line))
    body = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        body.append(dict(zip(_cells(lines[start]), _cells(line), strict=True)))
    return body


def plain(text):
    """Return markdown without its escapes."""
    return re.sub(r"\\(.)", r"\1", text)


def _cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
