"""Which runs had their first epochs trained once for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.records import RunRecord
from bench.report.parts import Shared


def shared_beginnings(names: Mapping[str, str], records: Sequence[RunRecord]) -> tuple[Shared, ...]:
    """Return the beginnings that runs have in common, the longest last; those of several seeds as one.

    Args:
        names: of the rows, by run id.
        records: of one condition.
    """
    seeds: dict[tuple[int, tuple[str, ...]], set[int]] = {}
    for record in records:
        for until, run_ids in _groups(record):
            key = until, tuple(dict.fromkeys(name for run_id, name in names.items() if run_id in run_ids))
            seeds.setdefault(key, set()).add(record.seed)
    return tuple(Shared(until, rows, tuple(sorted(numbers))) for (until, rows), numbers in sorted(seeds.items()))


def _groups(record: RunRecord) -> Iterator[tuple[int, set[str]]]:
    """Yield (until, runs) for every epoch at which a run parted from others."""
    for until in sorted(set(record.shared.values()) - {0}):
        yield until, {record.id, *(run_id for run_id, epochs in record.shared.items() if epochs >= until)}
