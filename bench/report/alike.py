"""Rows that are the same runs in all but name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from bench.metrics import FIGURE
from bench.report.model import Comparison, Row


def alike(comparison: Comparison) -> Iterator[str]:
    """Yield a sentence for every set of rows that have the same figures at every seed.

    Two strategies whose runs give the same weights to the losses are one training, and no two results.
    """
    found: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in comparison.rows:
        if row.by_seed and row.means[FIGURE] > 0:  # of those that find nothing, nothing can be told
            found[(*sorted(row.by_seed.items()), *row.means.values())].append(row)
    for rows in found.values():
        if len(rows) > 1:
            yield (
                f"The same at every seed, to the last digit: {_all(rows)}. What tells these strategies apart had no "
                "effect in these runs: count them as one."
            )


def _all(rows: Sequence[Row]) -> str:
    names = [row.name for row in rows]
    return f"{', '.join(names[:-1])} and {names[-1]}"
