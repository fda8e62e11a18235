"""Several data sets together: at each seed, the mean of the differences over data sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from bench.report.arms import COMPARED
from bench.report.contest import best_mean
from bench.report.model import REFERENCE, Comparison, Row
from bench.report.numbers import names
from bench.report.parts import Combined, Winner
from bench.report.versions import versions_note
from bench.statistics import BETTER, UNDECIDED, WORSE, Verdict, paired_difference, verdicts

_DIGITS = 12


def combine_rows(
    members: Sequence[Comparison], outdated: Sequence[str], looks: tuple[int, int] | None
) -> tuple[tuple[Combined, ...], str]:
    """Return the rows over all data sets, the best first, and a note on what they show and leave out.

    Only strategies that all data sets have are in it, at the seeds that all of them have; each table (strategies,
    variants) is judged by itself, as everywhere.

    Args:
        members: one a data set.
        outdated: titles of comparisons on other versions of these data sets.
        looks: as for verdicts.
    """
    versions = versions_note([one.title for one in members], outdated)
    if len(members) < 2:
        return (), f"There is nothing to combine: one data set. {versions}" if versions else ""
    by_member = [{(row.table, row.label, row.form): row for row in one.rows} for one in members]
    keys = list(dict.fromkeys(key for rows in by_member for key, row in rows.items() if not row.reference))
    found, alone = [], []
    for key in keys:
        one = _combined([rows[key] for rows in by_member if key in rows], len(members))
        if one is None:
            alone.append(next(rows[key].name for rows in by_member if key in rows))
        else:
            found.append(one)
    judged = [
        replace(one, **verdict._asdict())
        for table in COMPARED
        for one, verdict in _verdicts([one for one in found if one.table == table], looks)
    ]
    judged.sort(key=lambda one: (COMPARED.index(one.table), -one.difference.mean, one.label, one.form or ""))
    notes = (_note(judged, alone, len(members)), _formats_note(members), versions)
    return tuple(judged), " ".join(filter(None, notes))


def best_of(members: Sequence[Comparison], looks: tuple[int, int] | None) -> Winner:
    """Return which strategy has the best mAP50-95, over all data sets when there are several."""
    if not members:
        return Winner((), "not on record")
    lost = {row.name for one in members for row in one.core if row.failures and row.failures.count}
    by_member = [{row.name: row.by_seed for row in one.core} for one in members]
    together, bare = {}, []
    for name in dict.fromkeys(name for figures in by_member for name in figures):
        seeds = set.intersection(*(set(figures.get(name, ())) for figures in by_member))
        if seeds:
            together[name] = {seed: _mean([figures[name][seed] for figures in by_member]) for seed in sorted(seeds)}
        else:
            bare.append(name)
    found = best_mean(together, lost, looks=looks)
    if not bare:
        return found
    where = " on all of them" if len(members) > 1 else ""
    return replace(found, why=f"{found.why}; not in this, without a figure{where}: {names(bare, 3)}")


def _combined(rows: Sequence[Row], data_sets: int) -> Combined | None:
    differences = [row.difference.by_seed for row in rows if row.difference is not None]
    if len(differences) < data_sets:
        return None
    seeds = sorted(set.intersection(*map(set, differences)))
    if not seeds:
        return None
    together = {seed: _mean([one[seed] for one in differences]) for seed in seeds}
    return Combined(
        label=rows[0].label,
        form=rows[0].form,
        table=rows[0].table,
        per_data_set=tuple(fmean(one[seed] for seed in seeds) for one in differences),
        difference=paired_difference(together, dict.fromkeys(together, 0.0)),
        run_ids=tuple(id_ for row in rows for id_ in row.run_ids),
    )


def _mean(values: Sequence[float]) -> float:
    """Return a mean that is 0 where the values cancel; what rounding leaves has a sign and a spread but no meaning."""
    return round(fmean(values), _DIGITS)


def _verdicts(rows: Sequence[Combined], looks: tuple[int, int] | None) -> Iterator[tuple[Combined, Verdict]]:
    return zip(rows, verdicts([row.difference for row in rows], looks=looks), strict=True)


def _formats_note(members: Sequence[Comparison]) -> str:
    """Return in which number format each data set was trained; empty where it is one."""
    by_format: dict[Any, list[str]] = defaultdict(list)
    for one in members:
        by_format[one.condition["settings"].get("amp", False)].append(one.title)
    if len(by_format) < 2:
        return ""
    told = "; ".join(f"amp={value} on {names(titles)}" for value, titles in by_format.items())
    return f"They are not trained in the same number format, each pair in one: {told}."


def _note(rows: Sequence[Combined], alone: Sequence[str], data_sets: int) -> str:
    if not rows:
        return (
            f"Nothing can be combined: no strategy has a seed in common with {REFERENCE} on all {data_sets} data sets."
        )
    undecided = sum(row.verdict == UNDECIDED for row in rows)
    told = "; ".join(
        f"{verdict} than {REFERENCE}: {names([row.name for row in rows if row.verdict == verdict])}"
        for verdict in (BETTER, WORSE)
        if any(row.verdict == verdict for row in rows)
    )
    parts = [
        f"Over {data_sets} data sets together, {len(rows) - undecided} of {len(rows)} differences to {REFERENCE} are "
        f"decided{f' ({told})' if told else ''}",
        "each data set weighs alike, whatever its size",
        "the seeds are the sample, the data sets are not: this speaks for these data sets alone",
    ]
    if alone:
        parts.append(f"not on all of them, and left out: {names(alone)}")
    return "; ".join(parts) + "."
