"""Several data sets together: at each seed, the mean of the differences over data sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any, NamedTuple

from bench.report.arms import COMPARED, CORE, VARIANT
from bench.report.contest import best_mean
from bench.report.groups import arm_key
from bench.report.model import REFERENCE, Comparison, Row
from bench.report.numbers import names
from bench.report.parts import Combined, Winner
from bench.report.versions import versions_note
from bench.statistics import BETTER, UNDECIDED, WORSE, paired_difference, verdicts

_DIGITS = 12


def combine_rows(
    members: Sequence[Comparison], outdated: Sequence[str], looks: tuple[int, int] | None
) -> tuple[tuple[Combined, ...], str]:
    """Return the rows over all data sets, the best first, and a note on what they show and leave out.

    Only strategies that all data sets have are in it, with the same parameters, at the seeds that all of them have;
    each table (strategies, variants) is judged by itself, as everywhere.

    Args:
        members: one a data set.
        outdated: titles of comparisons on other versions of these data sets.
        looks: as for verdicts.
    """
    versions = versions_note([one.title for one in members], outdated)
    if len(members) < 2:
        return (), f"There is nothing to combine: one data set. {versions}" if versions else ""
    reference_lost = any(row.reference and row.lost for one in members for row in one.rows)
    found: dict[str, list[tuple[_Arm, Combined]]] = {table: [] for table in COMPARED}
    alone = []
    for arm in _arms(members):
        if arm.reference:
            continue
        one = _combined(arm, len(members))
        if one is None:
            alone.append(arm.name)
        else:
            found[one.table].append((arm, one))
    judged = []
    for rows in found.values():
        which = [(arm.lost, reference_lost) for arm, _ in rows]
        table = verdicts([one.difference for _, one in rows], looks=looks, lost=which)
        judged += [replace(one, **verdict._asdict()) for (_, one), verdict in zip(rows, table, strict=True)]
    judged.sort(key=lambda one: (COMPARED.index(one.table), -one.difference.mean, one.label, one.form or ""))
    lost = [arm.name for rows in found.values() for arm, _ in rows if arm.lost]
    lost += [REFERENCE] if reference_lost else []
    notes = (_note(judged, list(dict.fromkeys(alone)), lost, len(members)), _formats_note(members), versions)
    return tuple(judged), " ".join(filter(None, notes))


def best_of(members: Sequence[Comparison], looks: tuple[int, int] | None) -> Winner:
    """Return which strategy has the best mAP50-95, over all data sets when there are several."""
    if not members:
        return Winner((), "not on record")
    core = [arm for arm in _arms(members) if arm.table == CORE]
    together, bare = {}, []
    for arm in core:
        figures = [row.by_seed for row in arm.rows]
        seeds = set.intersection(*map(set, figures)) if len(figures) == len(members) else set()
        if seeds:
            together[arm.name] = {seed: _mean([one[seed] for one in figures]) for seed in sorted(seeds)}
        else:
            bare.append(arm.name)
    found = best_mean(together, {arm.name for arm in core if arm.lost}, looks=looks)
    if not bare:
        return found
    where = " on all of them" if len(members) > 1 else ""
    return replace(found, why=f"{found.why}; not in this, without a figure{where}: {names(bare, 3)}")


def by_arm(rows: Sequence[Row]) -> dict[str, Row]:
    """Return rows by `arm_key`: of two, whose runs were named before and after a default changed, the larger."""
    found: dict[str, Row] = {}
    for row in rows:
        key = arm_key(row.strategy, row.form)
        found[key] = max(found.get(key, row), row, key=lambda one: (one.figures, one.name))
    return found


class _Arm(NamedTuple):
    """A strategy in one form: its rows, one of each data set that has it, and the table it belongs to over all."""

    rows: Sequence[Row]
    table: str

    @property
    def row(self) -> Row:
        """The one with the longest name: where a label stands for two strategies, it says which."""
        return max(self.rows, key=lambda row: len(row.name))

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def reference(self) -> bool:
        return self.row.reference

    @property
    def lost(self) -> bool:
        return any(row.lost for row in self.rows)


def _arms(members: Sequence[Comparison]) -> list[_Arm]:
    """Return every strategy of any data set. They are told by their parameters, since labels depend on the others."""
    found: dict[str, list[Row]] = defaultdict(list)
    for one in members:
        for key, row in by_arm(one.rows).items():
            found[key].append(row)
    tables = {key: CORE if all(row.table == CORE for row in rows) else VARIANT for key, rows in found.items()}
    on_all = [key for key, rows in found.items() if len(rows) == len(members) and not rows[0].reference]
    # As on one data set: where all but the reference are variants, they are what is compared.
    swept = all(tables[key] == VARIANT for key in on_all)
    return [_Arm(rows, CORE if swept else tables[key]) for key, rows in found.items()]


def _combined(arm: _Arm, data_sets: int) -> Combined | None:
    differences = [row.difference.by_seed for row in arm.rows if row.difference is not None]
    if len(differences) < data_sets:
        return None
    seeds = sorted(set.intersection(*map(set, differences)))
    if not seeds:
        return None
    together = {seed: _mean([one[seed] for one in differences]) for seed in seeds}
    return Combined(
        label=arm.row.label,
        form=arm.row.form,
        table=arm.table,
        per_data_set=tuple(fmean(one[seed] for seed in seeds) for one in differences),
        difference=paired_difference(together, dict.fromkeys(together, 0.0)),
        run_ids=tuple(id_ for row in arm.rows for id_ in row.run_ids),
    )


def _mean(values: Sequence[float]) -> float:
    """Return a mean that is 0 where the values cancel; what rounding leaves has a sign and a spread but no meaning."""
    return round(fmean(values), _DIGITS)


def _formats_note(members: Sequence[Comparison]) -> str:
    """Return in which number format each data set was trained; empty where it is one."""
    by_format: dict[Any, list[str]] = defaultdict(list)
    for one in members:
        by_format[one.condition["settings"].get("amp", False)].append(one.title)
    if len(by_format) < 2:
        return ""
    told = "; ".join(f"amp={value} on {names(titles)}" for value, titles in by_format.items())
    return f"They are not trained in the same number format, each pair in one: {told}."


def _note(rows: Sequence[Combined], alone: Sequence[str], lost: Sequence[str], data_sets: int) -> str:
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
    if lost:
        parts.append(f"without the seeds at which runs diverged or failed: {names(lost)}")
    if alone:
        parts.append(f"not on all of them, and left out: {names(alone)}")
    return "; ".join(parts) + "."
