"""What kind of arm a run belongs to: the one place that knows which runs stand outside the comparison table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from bench.records import RunRecord

CORE, VARIANT, RESCUE, CONTROL, REPLICATE = "core", "variant", "rescue", "control", "replicate"
COMPARED = (CORE, VARIANT)
"""Kinds that have a row in a comparison table."""

_POINTS_TO = {RESCUE: "by", CONTROL: "of"}
"""The parameter in which a rescue or a control says whose it is."""


def kind_of(record: RunRecord) -> str:
    """Return the kind of a run.

    `core`: a strategy as it is registered. `variant`: with other parameters, as in a sweep. `rescue`: the escape test
    of a strategy. `control`: what is left of a strategy when its timing or its feedback is taken away. `replicate`: any
    of them once more, at the same seed (A/A).
    """
    strategy = record.identity["strategy"]
    if record.identity.get("replicate"):
        return REPLICATE
    if strategy["name"] == "rescue" and _POINTS_TO[RESCUE] in strategy["parameters"]:
        return RESCUE
    if strategy["name"].startswith("control-") and _POINTS_TO[CONTROL] in strategy["parameters"]:
        return CONTROL
    return VARIANT if record.label.startswith(f"{strategy['name']}[") else CORE


def whose(record: RunRecord) -> str:
    """Return the label of the strategy that a rescue or a control is of."""
    return str(record.identity["strategy"]["parameters"][_POINTS_TO[kind_of(record)]])


def by_kind(records: Iterable[RunRecord]) -> dict[str, list[RunRecord]]:
    """Return the runs of each kind; a kind without runs has an empty list."""
    found: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        found[kind_of(record)].append(record)
    return found


def described(strategy: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes a strategy of an identity: name and parameters, without the data that differ by seed."""
    return {key: value for key, value in strategy.items() if key != "drawn"}
