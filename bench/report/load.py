"""A study's folder as a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench.manifest import read_manifest
from bench.records import load_study, read_bootstraps
from bench.report.build import build
from bench.report.model import Report


def load_report(folder: Path, deserted: Mapping[str, str] | None = None) -> Report:
    """Return the report of a study, with all that its folder has for one.

    Args:
        folder: the study's.
        deserted: by run id, why a run that is on record as running is interrupted. A record cannot tell when its
            process is gone; who looks at the processes can.

    Raises:
        RecordError: a record or the manifest cannot be read, or two records are of the same run.
        UserError: two records are of the same strategy and seed.
    """
    gone = deserted or {}
    records = [
        replace(record, status="interrupted", reason=gone[record.id])
        if record.status == "running" and record.id in gone
        else record
        for record in load_study(folder)
    ]
    return build(records, read_manifest(folder), read_bootstraps(folder, records))
