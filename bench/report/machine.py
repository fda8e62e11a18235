"""A report for programs: JSON with everything, CSV with a line a row."""

from __future__ import annotations

import json
from dataclasses import asdict

import pandas as pd

from bench.records import to_plain
from bench.report.model import COLUMNS, Comparison, Report


def render_json(report: Report) -> str:
    """Return the whole report model; NaN is null."""
    return json.dumps(to_plain(asdict(report)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def render_csv(report: Report) -> str:
    """Return a line a strategy and condition, with full precision."""
    return frame(report.comparisons).to_csv(index=False)


def frame(comparisons: tuple[Comparison, ...]) -> pd.DataFrame:
    """Return the rows of all comparisons under column names for programs."""
    lines = []
    for comparison in comparisons:
        data, settings = comparison.condition["data"], comparison.condition["settings"]
        for row in comparison.rows:
            found = row.difference
            low, high = found.interval if found and found.interval else (None, None)
            lines.append(
                {
                    "data": data["name"],
                    "vertices": data.get("vertices"),
                    "model": comparison.condition["model"],
                    "epochs": settings.get("epochs"),
                    "imgsz": settings.get("imgsz"),
                    "strategy": row.label,
                    "form": row.form,
                    "runs": row.planned,
                    "done": row.done,
                    **{column: row.means.get(column) for column in COLUMNS},
                    "mAP50_95_sd": row.sd,
                    "difference": found.mean if found else None,
                    "difference_low": low,
                    "difference_high": high,
                    "difference_p_holm": row.adjusted_p,
                    "verdict": row.verdict,
                    "seeds_to_decide": found.seeds_to_decide if found else None,
                    "train_s": row.train_s,
                    "run_ids": " ".join(seed.run_id for seed in row.seeds),
                }
            )
    return pd.DataFrame(lines)
