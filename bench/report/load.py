"""A study's folder as a report."""

from __future__ import annotations

from pathlib import Path

from bench.manifest import read_manifest
from bench.records import load_study, read_bootstraps
from bench.report.build import build
from bench.report.model import Report


def load_report(folder: Path) -> Report:
    """Return the report of a study, with all that its folder has for one.

    Raises:
        RecordError: a record or the manifest cannot be read, or two records are of the same run.
        UserError: two records are of the same strategy and seed.
    """
    records = load_study(folder)
    return build(records, read_manifest(folder), read_bootstraps(folder, records))
