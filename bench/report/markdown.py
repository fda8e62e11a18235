"""A report as GitHub markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd
from tabulate import tabulate

from bench.report.model import REFERENCE, Comparison, Report
from bench.report.tables import MISSING, RARE, failures, main_table, seed_table, seen, shape_table
from bench.report.text import one_line, ranges

_TEXTS = ("strategy", "MGIoU", "run", "status")

_METHOD = (
    f"The unit is the difference in mAP50-95 to `{REFERENCE}` between two runs with the same seed, which fixes "
    "initial weights, batch order and augmentation. Shown are its mean over seeds and Student's 95 % interval. "
    "*Better* and *worse* hold at a family-wise error rate of 5 % across the table (Holm, over paired t-tests); all "
    "else is UNDECIDED: with the number of seeds at which an interval of this mean and spread would leave out zero "
    "every second time, or with *Holm* where the interval does, but not for so many strategies at once. AP is "
    "pycocotools', of the convex hull of the predicted vertices clipped to the image, at the last epoch; ± is the "
    "standard deviation over seeds. Full-image and bow tie are shares of the validation images, by their top "
    "prediction. Means are over the runs that are done."
)


def render_markdown(report: Report) -> str:
    """Return the report, a section a condition."""
    parts = [f"# Hybrid loss comparison{f': study {_escape(report.study)}' if report.study else ''}"]
    if not report.comparisons:
        parts.append("No run is on record, so there is nothing to compare.")
    for comparison in report.comparisons:
        parts += _section(comparison)
    if report.comparisons:
        parts += ["## How to read this", _METHOD]
    return "\n\n".join(parts) + "\n"


def _section(comparison: Comparison) -> list[str]:
    parts = [
        f"## {_escape(comparison.title)}",
        "\n".join(f"- {heading}: {_escape(fact)}" for heading, fact in _facts(comparison)),
        _table(main_table(comparison)),
        _escape(comparison.conclusion),
        "### The ring as predicted, and the box",
        _table(shape_table(comparison)),
    ]
    unseen = [heading for rate, heading in RARE.items() if not seen(comparison, rate)]
    if unseen and any(row.done for row in comparison.rows):
        parts.append(f"In no run that is done: {', '.join(unseen)}.")
    ended = failures(comparison)
    if ended:
        parts += ["### Failures", "\n".join(f"- {_escape(line)}" for line in ended)]
    return [*parts, "### Every run", _table(seed_table(comparison))]


def _facts(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Yield what was run, a heading and a line each."""
    data, settings = comparison.condition["data"], dict(comparison.condition["settings"])
    found = {fact: " or ".join(values) for fact, values in comparison.provenance.items()}
    mixed = [fact for fact, values in comparison.provenance.items() if len(values) > 1]
    processor, device, code = (found.pop(fact, MISSING) for fact in ("processor", "device", "code"))
    yield "Data", f"{data['name']}, fingerprint {data['fingerprint'][:12]}, V = {data['vertices']}"
    yield "Model", comparison.condition["model"]
    first = {key: settings.pop(key) for key in ("epochs", "imgsz", "batch") if key in settings}
    yield "Training", ", ".join(f"{key}={value}" for key, value in {**first, **settings}.items()) or MISSING
    yield "Seeds", ranges({seed.seed for row in comparison.rows for seed in row.seeds})
    yield "Hardware", f"{device}; {processor}" if processor != device else MISSING
    yield "Versions", ", ".join(f"{package} {version}" for package, version in found.items()) or MISSING
    yield "Code", code
    if mixed:
        yield "Not the same in all runs, so that part of a difference may come from there", ", ".join(mixed)


def _table(frame: pd.DataFrame) -> str:
    align = ["left" if column in _TEXTS else "right" for column in frame.columns]
    return tabulate(
        frame.map(_escape).values.tolist(),
        headers=list(frame.columns),
        tablefmt="github",
        colalign=align,
        disable_numparse=True,
    )


def _escape(value: object) -> str:
    """Return text that stays text: no HTML, no markup, no cell or line of its own."""
    text = one_line(value).replace("&", "&amp;")
    text = re.sub(r"<(?! \d)", "&lt;", text)  # what is left is the sign in `< 1 %`
    text = re.sub(r">(?! \d)", "&gt;", text)
    for mark in ("\\", "|", "`", "*", "_", "[", "]", "~", "$", "#", "@"):
        text = text.replace(mark, f"\\{mark}")
    return text
