"""Every run of a report, with all that is on record of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.records import RunFolder, RunRecord
from bench.report.html.anchors import run_anchor
from bench.report.model import Report


def runs_of(report: Report, folder: Path) -> dict[str, Any]:
    """Return by run id what the page tells of a run.

    Args:
        report: of a study.
        folder: the study's; its own name alone is told, not where it is.
    """
    found: dict[str, Any] = {}
    for comparison in report.comparisons:
        for row in comparison.all_rows:
            for seed in row.seeds:
                record = RunFolder(folder / seed.run_id).read_if_any()
                found[seed.run_id] = {
                    "name": row.name,
                    "data": comparison.title,
                    "seed": seed.seed,
                    "status": seed.status,
                    "reason": seed.reason or "",
                    "anchor": run_anchor(seed.run_id),
                    "folder": f"{folder.resolve().name}/{seed.run_id}",
                    "facts": _facts(record) if record else {},
                }
    return found


def _facts(record: RunRecord) -> dict[str, dict[str, str]]:
    strategy, provenance = record.identity["strategy"], record.provenance
    hardware = provenance.get("hardware") or {}
    parts: dict[str, Mapping[str, Any]] = {
        "Metrics": record.metrics,
        "Strategy": {
            "name": strategy["name"],
            "form": record.form,
            **strategy["parameters"],
            **({"source": strategy["source"]} if "source" in strategy else {}),
        },
        "Images": record.images,
        "Gradient ledger": record.ledger,
        "Time and memory": record.timing,
        "Provenance": {**(provenance.get("versions") or {}), "commit": provenance.get("commit"), **hardware},
    }
    return {title: {key: _text(one) for key, one in told.items()} for title, told in parts.items() if told}


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "–"
    return str(value)
