"""Every column of history.csv is described once, and readers find it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from bench.history_columns import COLUMNS, LEDGER_COLUMNS
from bench.metrics import FIGURE, METRICS
from bench.report.figures.charts import CHARTS
from bench.report.html.curves import QUANTITIES
from bench.report.side_tables import LEDGER
from bench.tracking.metric_names import HEADINGS, heading

PUBLISHED = sorted((Path(__file__).parent.parent / "results" / "reference").glob("*/history.csv"))


def test_every_column_of_a_published_history_is_known():
    names = set().union(*(pd.read_csv(path, nrows=0).columns for path in PUBLISHED))
    assert names - {"epoch", "progress"} - set(METRICS) <= COLUMNS.keys() <= names
    assert {heading(name) for name in names - {"epoch", "progress"}} == set(HEADINGS)


def test_a_column_has_one_heading_wherever_it_is_told():
    assert all(one.heading == heading(name) for name, one in COLUMNS.items())


@pytest.mark.parametrize("described", [one.axis for one in COLUMNS.values()])
def test_no_two_columns_are_told_alike(described):
    assert Counter(one.axis for one in COLUMNS.values())[described] == 1


def test_what_is_shown_is_described():
    drawn = {trace.column for chart in CHARTS for trace in chart.traces}
    offered = [name for names in QUANTITIES.values() for name in names]
    assert drawn <= set(offered) <= COLUMNS.keys()
    assert len(set(offered)) == len(offered)
    for name in LEDGER.keys() & COLUMNS.keys():
        assert all(LEDGER[name]), f"{name} has no short heading or no format"


def test_what_runs_are_compared_by_is_a_metric_and_a_column():
    assert FIGURE in METRICS
    assert COLUMNS[FIGURE].sampled
    assert not any(COLUMNS[name].sampled for name in LEDGER_COLUMNS), "the ledger is of every epoch"
