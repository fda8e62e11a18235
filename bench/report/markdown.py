"""A report as GitHub markdown."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd
from tabulate import tabulate

from bench.report.model import REFERENCE, Comparison, Report
from bench.report.tables import failures, main_table, seed_table, shape_table

_TEXTS = ("strategy", "MGIoU", "run", "status", "what", "value")

_METHOD = (
    f"The unit is the difference in mAP50-95 to `{REFERENCE}` between two runs with the same seed, which fixes initial "
    "weights, batch order and augmentation. Shown are its mean over seeds and Student's 95 % interval. *Better* and "
    "*worse* hold at a family-wise error rate of 5 % across the table (Holm); all else is UNDECIDED, with the number of "
    "seeds at which an interval of this mean and spread would leave out zero. AP is pycocotools', of the convex hull of "
    "the predicted vertices clipped to the image, at the last epoch; ± is the standard deviation over seeds. Full-image "
    "and bow tie are shares of the validation images, by their top prediction."
)


def render_markdown(report: Report) -> str:
    """Return the report, a section a condition."""
    parts = [f"# Hybrid loss comparison: study {_escape(report.study)}"]
    for comparison in report.comparisons:
        parts += _section(comparison)
    return "\n\n".join(parts) + "\n"


def _section(comparison: Comparison) -> list[str]:
    data = comparison.condition["data"]
    parts = [
        f"## {_escape(data['name'])}",
        _table(main_table(comparison)),
        _escape(comparison.conclusion),
        _METHOD,
        "### The ring as predicted, the box, and rarer shapes",
        _table(shape_table(comparison)),
    ]
    ended = failures(comparison)
    if ended:
        parts += ["### Runs that did not end well", "\n".join(f"- {_escape(line)}" for line in ended)]
    parts += ["### Every run", _table(seed_table(comparison)), "### What was run", _facts(comparison)]
    return parts


def _facts(comparison: Comparison) -> str:
    data, settings = comparison.condition["data"], comparison.condition["settings"]
    seeds = sorted({seed.seed for row in comparison.rows for seed in row.seeds})
    facts: dict[str, Any] = {
        "data": f"{data['name']}, fingerprint {str(data.get('fingerprint'))[:12]}, V = {data.get('vertices')}",
        "model": comparison.condition["model"],
        "settings": ", ".join(f"{key}={value}" for key, value in settings.items()),
        "seeds": ", ".join(map(str, seeds)),
    }
    facts |= {fact: " | ".join(values) for fact, values in comparison.provenance.items()}
    return _table(pd.DataFrame(facts.items(), columns=["what", "value"]))


def _table(frame: pd.DataFrame) -> str:
    escaped = frame.map(_escape)
    align = ["left" if column in _TEXTS else "right" for column in frame.columns]
    return tabulate(
        escaped.values.tolist(), headers=list(frame.columns), tablefmt="github", colalign=align, disable_numparse=True
    )


def _escape(value: Any) -> str:
    """Return text that stays text: no HTML, no cell or line of its own."""
    text = html.escape(" ".join(str(value).split()), quote=False)
    for mark in ("\\", "|", "`", "*", "_", "[", "]"):
        text = text.replace(mark, f"\\{mark}")
    return text
