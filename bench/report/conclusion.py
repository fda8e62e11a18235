"""One sentence: what a table shows, and what it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.model import REFERENCE, Row


def conclude(rows: Sequence[Row], condition: Mapping[str, Any]) -> str:
    """Return the sentence. It never says more than the rows do.

    Args:
        rows: of one comparison.
        condition: its data, model and settings.
    """
    scope = (
        f"on {condition['data']['name']} with {condition['model']} at {condition['settings'].get('imgsz')} px for "
        f"{condition['settings'].get('epochs')} epochs"
    )
    if not any(row.done for row in rows):
        return f"The table shows nothing yet: no run {scope} is done."
    reference = next((row for row in rows if row.label == REFERENCE), None)
    if reference is None or not reference.done:
        return f"The table shows each strategy {scope} alone: no run of {REFERENCE} is done to take differences to."
    compared = [row for row in rows if row.difference is not None]
    if not compared:
        return f"The table shows {REFERENCE} alone {scope}; no other strategy has a run with the same seed."
    pairs = max(len(row.difference.by_seed) for row in compared if row.difference)
    limits = f"It says nothing of other data, sizes or budgets than this: {scope[3:]}."
    if pairs < 2:
        return (
            f"The table shows one seed {scope}, with which no difference to {REFERENCE} can be decided, however large; "
            f"full-image rates and AP are those of single runs. {limits}"
        )
    decided = [row for row in compared if row.verdict in ("better", "worse")]
    told = "; ".join(
        f"{verdict} than {REFERENCE}: {', '.join(_name(row) for row in decided if row.verdict == verdict)}"
        for verdict in ("better", "worse")
        if any(row.verdict == verdict for row in decided)
    )
    head = f"With {pairs} seeds {scope} the table decides {len(decided)} of {len(compared)} differences to {REFERENCE}"
    rest = "" if len(decided) == len(compared) else "; UNDECIDED is not EQUAL: it takes more seeds to tell"
    return f"{head}{f' ({told})' if told else ''}{rest}. {limits}"


def _name(row: Row) -> str:
    return f"{row.label} ({row.form})" if row.form else row.label
