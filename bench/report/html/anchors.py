"""Where on the page a run and a strategy are."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bench.report.model import Comparison, Report


def run_anchor(run_id: str) -> str:
    """Return the id of a run's line on the page."""
    return "run-" + re.sub(r"[^A-Za-z0-9_.-]", "_", run_id)


def row_anchors(report: Report) -> Mapping[tuple[str, str, str], str]:
    """Return for every row, by its comparison's title, its table and its name, where its runs begin."""
    return {
        row_key(one, row.table, row.name): f"runs-{c}-{r}"
        for c, one in enumerate(report.comparisons)
        for r, row in enumerate(one.all_rows)
    }


def row_key(comparison: Comparison, table: str, name: str) -> tuple[str, str, str]:
    """Return what tells a row from all others of a report."""
    return comparison.title, table, name
