"""From records to a report."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

from bench.records import RunRecord
from bench.report.conclusion import conclude
from bench.report.model import COLUMNS, REFERENCE, Comparison, Report, Row, Seed
from bench.statistics import holm, paired_difference, t_p_value

ALPHA = 0.05
"""Family-wise error rate of a table's verdicts."""


def build(records: Sequence[RunRecord]) -> Report:
    """Return the report of a study. It depends on the records alone, not on their order, the clock or the machine."""
    by_condition: dict[str, list[RunRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.label, r.form or "", r.seed, r.id)):
        by_condition[json.dumps(_condition(record), sort_keys=True)].append(record)
    comparisons = [_compare(json.loads(key), group) for key, group in sorted(by_condition.items())]
    return Report(study=records[0].study if records else "", comparisons=tuple(comparisons))


def _condition(record: RunRecord) -> dict[str, Any]:
    identity = record.identity
    return {"data": identity["data"], "model": identity["model"], "settings": identity["settings"]}


def _compare(condition: dict[str, Any], records: list[RunRecord]) -> Comparison:
    groups: dict[tuple[str, str | None], list[RunRecord]] = defaultdict(list)
    for record in records:
        groups[record.label, record.form].append(record)
    reference = _figures(next((group for (label, _), group in groups.items() if label == REFERENCE), []))
    rows = _with_verdicts([_row(label, form, group, reference) for (label, form), group in groups.items()])
    rows.sort(key=_rank)
    return Comparison(condition, _provenance(records), tuple(rows), conclude(rows, condition))


def _row(label: str, form: str | None, records: list[RunRecord], reference: Mapping[int, float]) -> Row:
    done = [record for record in records if record.done]
    figures = _figures(records)
    known = [value for value in figures.values() if math.isfinite(value)]
    own = label == REFERENCE
    difference = None if own or not figures.keys() & reference.keys() else paired_difference(figures, reference)
    return Row(
        label=label,
        form=form,
        statuses=dict(Counter(record.status for record in records)),
        means={column: _mean(record.metrics.get(column) for record in done) for column in COLUMNS} if done else {},
        sd=stdev(known) if len(known) > 1 else None,
        difference=difference,
        adjusted_p=None,
        verdict="",
        train_s=_mean(record.timing.get("train_s") for record in done) if done else None,
        seeds=tuple(_seed(record, reference, own) for record in records),
    )


def _figures(records: Iterable[RunRecord]) -> dict[int, float]:
    return {
        r.seed: r.metrics["mAP50_95"] for r in records if r.done and math.isfinite(r.metrics.get("mAP50_95", math.nan))
    }


def _seed(record: RunRecord, reference: Mapping[int, float], own: bool) -> Seed:
    figure = record.metrics.get("mAP50_95") if record.done else None
    paired = figure is not None and not own and record.seed in reference
    return Seed(
        seed=record.seed,
        run_id=record.id,
        status=record.status,
        reason=record.reason,
        mAP50_95=figure,
        difference=figure - reference[record.seed] if paired and figure is not None else None,
    )


def _with_verdicts(rows: list[Row]) -> list[Row]:
    """Judge the differences together: the more strategies a table has, the more each must show (Holm)."""
    raw = {index: t_p_value(row.difference) for index, row in enumerate(rows) if row.difference}
    tested = [index for index, p in raw.items() if p is not None]
    adjusted = dict(zip(tested, holm([raw[index] for index in tested]), strict=True))  # type: ignore[misc]
    judged = []
    for index, row in enumerate(rows):
        p = adjusted.get(index)
        verdict = ""
        if row.difference is not None:
            verdict = "UNDECIDED"
            if p is not None and p < ALPHA and row.difference.decided:
                verdict = "better" if row.difference.mean > 0 else "worse"
        judged.append(replace(row, adjusted_p=p, verdict=verdict))
    return judged


def _rank(row: Row) -> tuple[Any, ...]:
    """Put the reference first, then the best; rows without a figure last, by name."""
    figure = row.means.get("mAP50_95", math.nan)
    known = math.isfinite(figure)
    return (row.label != REFERENCE, not known, -figure if known else 0.0, row.label, row.form or "")


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return fmean(known) if known else math.nan


def _provenance(records: list[RunRecord]) -> dict[str, Any]:
    """Return each fact with every value it has among the runs that started."""
    facts: dict[str, set[str]] = defaultdict(set)
    for record in records:
        source = record.provenance
        if not source:
            continue
        for package, version in source.get("versions", {}).items():
            facts[package].add(str(version))
        hardware = source.get("hardware", {})
        facts["device"].add(str(hardware.get("device")))
        facts["processor"].add(f"{hardware.get('cpu')}, {hardware.get('cores')} cores")
        facts["commit"].add(str(source.get("commit")) + (" with changes" if source.get("dirty") else ""))
    return {fact: sorted(values) for fact, values in facts.items()}
