"""What kind of arm a run belongs to: the one place that knows which runs stand outside the comparison table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bench.records import RunRecord

if TYPE_CHECKING:
    from strategies import Strategy

CORE, VARIANT, RESCUE, CONTROL, REPLICATE = "core", "variant", "rescue", "control", "replicate"
COMPARED = (CORE, VARIANT)
"""Kinds that have a row in a comparison table."""


def kind_of(record: RunRecord) -> str:
    """Return the kind of a run.

    `core`: a strategy as it is registered. `variant`: with other parameters, as in a sweep. `rescue`: the escape test
    of a strategy. `control`: what is left of a strategy when its timing or its feedback is taken away. `replicate`: any
    of them once more, at the same seed (A/A).

    A strategy's class says which of them it is. Where it is not known here, a plug-in's say, it is compared as any.
    """
    strategy = record.identity["strategy"]
    if record.identity.get("replicate"):
        return REPLICATE
    if about(strategy) is not None:
        return _declared(strategy).role
    return VARIANT if record.label.startswith(f"{strategy['name']}[") else CORE


def whose(record: RunRecord) -> str:
    """Return the label of the strategy that a rescue or a control is of."""
    return str(about(record.identity["strategy"]))


def about(strategy: Mapping[str, Any]) -> str | None:
    """Return the label of the strategy that one of an identity is about, as a rescue or a control; None for others."""
    declared = _declared(strategy)
    if declared.role not in (RESCUE, CONTROL) or declared.about not in strategy["parameters"]:
        return None
    return str(strategy["parameters"][declared.about])


def is_one_loss(strategy: Mapping[str, Any]) -> bool:
    """Return whether a strategy of an identity is one loss alone."""
    return _declared(strategy).role == "loss"


def by_kind(records: Iterable[RunRecord]) -> dict[str, list[RunRecord]]:
    """Return the runs of each kind; a kind without runs has an empty list."""
    found: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        found[kind_of(record)].append(record)
    return found


def described(strategy: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes a strategy of an identity: name and parameters, without the data that differ by seed."""
    return {key: value for key, value in strategy.items() if key != "drawn"}


def _declared(strategy: Mapping[str, Any]) -> type[Strategy]:
    """Return the class of a strategy of an identity, which declares what it is; for one not known here, the base."""
    from strategies import Strategy, find  # here, since they bring torch, which reading records needs not

    return find(strategy["name"]) or Strategy
