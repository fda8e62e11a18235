"""The README's first screen: what came out of the published study."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.metrics import FIGURE
from bench.report import Report
from bench.report.arms import CORE
from bench.report.blocks import Answers
from bench.report.figures import Figure
from bench.report.markdown import markdown_of
from bench.report.markup import table
from bench.report.model import REFERENCE, Comparison, Family, Row
from bench.report.numbers import MISSING, figure, percent
from bench.report.sections import sections
from bench.report.tables import judged
from tests.tools.marks import with_block
from tests.tools.places import ROOT

BEST = 5
"""How many of the best strategies the README shows, beside the losses alone."""
ALONE = (REFERENCE, "mgiou", "mgiou-centred")
_SHAPE = "mAP50-95 is of the convex hull of the vertices; rings as predicted are in the report."
"""A hull hides what a ring does: without this, what predicts bow ties alone looks sound."""


def with_first_screen(text: str, report: Report, figures: Sequence[Figure]) -> str:
    """Return the README with the first screen between its marks as the records have it now."""
    return with_block(text, "reference", _first_screen(report, figures))


def _first_screen(report: Report, figures: Sequence[Figure]) -> str:
    (family,) = report.families
    by_path = {one.path.stem: one for one in figures}
    shown = by_path.get("all-difference") or by_path[f"{family.members[0]}-difference"]
    answers = next(block for block in sections(report)[0].blocks if isinstance(block, Answers))
    rows = _table(report, family)
    return "\n\n".join(
        [
            markdown_of(answers),
            table(rows),
            f"Shown are the {BEST} of {len(_members(report, family)[0].core)} strategies with the highest mean, and "
            f"each loss alone; full-image boxes and bow ties on {' / '.join(family.members)}. {_SHAPE}",
            f"{_runs(report)}; [all strategies, variants, claims and runs](HYBRID_LOSS_RESULTS.md), from "
            "[these records](results/reference), which `python -m bench report reference` reads.",
            f"![{shown.title}]({shown.path.relative_to(ROOT).as_posix()})",
        ]
    )


def _table(report: Report, family: Family) -> pd.DataFrame:
    """Return a line each for the losses alone and for the strategies that are best over all data sets."""
    by_data = [{row.name: row for row in one.core} for one in _members(report, family)]
    over = {one.name: judged(one, one.difference) for one in family.combined if one.table == CORE}
    if not over:
        over = {row.name: judged(row, row.difference) for row in _members(report, family)[0].core if row.difference}
    names = list(dict.fromkeys([*over, *by_data[0]]))
    chosen = [name for i, name in enumerate(names) if i < BEST or by_data[0][name].strategy["name"] in ALONE]
    chosen.sort(key=lambda name: not by_data[0][name].reference)
    return pd.DataFrame([_line([rows[name] for rows in by_data], family.members, over) for name in chosen])


def _line(rows: Sequence[Row], titles: Sequence[str], over: dict[str, str]) -> dict[str, str]:
    first = rows[0]
    where = " (mean)" if len(rows) > 1 else ""
    return {
        "strategy": first.label,
        "MGIoU": first.form or MISSING,
        **{f"mAP50-95, {title}": figure(row.means[FIGURE]) for title, row in zip(titles, rows, strict=True)},
        "full-image": " / ".join(percent(row.means["full_image"]) for row in rows),
        "bow tie": " / ".join(percent(row.means["bow_tie"]) for row in rows),
        f"difference to {REFERENCE}{where}": "reference" if first.reference else over.get(first.name, MISSING),
    }


def _members(report: Report, family: Family) -> list[Comparison]:
    """Return the comparisons that stand for a family's data sets: of each the version that is in the answers."""
    return [one for one in report.comparisons if one.title in family.members]


def _runs(report: Report) -> str:
    """Return what the runs were, in a few words."""
    one = _members(report, report.families[0])[0]
    settings = one.condition["settings"]
    seeds = len(next(row for row in one.core if row.reference).seeds)
    count = sum(len(row.seeds) for comparison in report.comparisons for row in comparison.all_rows)
    where = ", ".join(
        sorted({device for comparison in report.comparisons for device in comparison.provenance["device"]})
    )
    return (
        f"{count} runs: {seeds} seeds of {one.condition['model'].removesuffix('.yaml')} from scratch at "
        f"{settings['imgsz']} px for {settings['epochs']} epochs on {where.replace('cpu', 'a CPU')}"
    )
