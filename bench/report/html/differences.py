"""Differences to the reference as data for a plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.report.figures import forest
from bench.report.figures.groups import Group, groups_of
from bench.report.html.palette import Pen
from bench.report.model import REFERENCE, UNDECIDED, Report, Row
from bench.report.numbers import names, number, with_interval
from bench.report.tables import judged

_INK = Pen("#333333", "#DDDDDD", "solid")


def differences_of(report: Report, pens: Mapping[str, Pen]) -> list[dict[str, Any]]:
    """Return a plot for every table of a report that has differences, in the order of the tables.

    Returns:
        Of each `title`, `of` (the comparison's number; None over several data sets), `range` of the axis to begin with,
        `rows` from the top, `caption`, and `alt`: the same in words.
    """
    found = []
    for index, comparison in enumerate(report.comparisons):
        for group in groups_of(comparison):
            found += _plot(comparison.title, group, index, pens)
    for family in report.families:
        if family.combined:
            title = f"mean over {names(family.members)}"
            found += _plot(title, Group("", "strategies", family.combined), None, pens)
    return found


def _plot(title: str, group: Group, index: int | None, pens: Mapping[str, Pen]) -> Iterator[dict[str, Any]]:
    rows = forest.compared(group.rows)
    if not rows:
        return
    view = forest.view_of(rows)
    which = f" ({group.what})" if group.key else ""
    beyond = f" {names(view.beyond)}: beyond the scale, which a double click widens." if view.beyond else ""
    yield {
        "title": f"{title}{which}: difference in mAP50-95 to {REFERENCE}",
        "of": index,
        "range": [view.low, view.high],
        "rows": [_row(row, pens.get(row.name, _INK)) for row in rows],
        "caption": (
            f"Every seed's difference to {REFERENCE} at the same seed (dots), the mean (diamond; hollow where "
            f"{UNDECIDED}) and its 95 % t-interval. Right of zero is better.{beyond}"
        ),
        "alt": "; ".join(f"{row.name} {judged(row, row.difference)}" for row in rows),
    }


def _row(row: forest.Comparable, pen: Pen) -> dict[str, Any]:
    found = row.difference
    runs = {seed.seed: seed.run_id for seed in row.seeds} if isinstance(row, Row) else {}
    return {
        "name": row.name,
        "light": pen.light,
        "dark": pen.dark,
        "mean": found.mean,
        "interval": found.interval,
        "open": row.verdict in ("", UNDECIDED),
        "text": judged(row, found),
        "told": number(found.mean, "+.2f"),
        "short": with_interval(found.mean, found.interval),
        "verdict": row.verdict,
        "kept_open_by": row.kept_open_by,
        "seeds": [[seed, value, number(value, "+.3f"), runs.get(seed, "")] for seed, value in found.by_seed.items()],
        "runs": list(row.run_ids),
    }
