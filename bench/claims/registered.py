"""What a label stands for now. A label leaves out what is at its default, and defaults change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def strategy_key(strategy: Mapping[str, Any]) -> str:
    """Return a strategy as a record describes it (name, parameters, a plug-in's code) as one string."""
    described = {"name": strategy["name"], "parameters": strategy["parameters"], "source": strategy.get("source")}
    return json.dumps(_plain(described), sort_keys=True, ensure_ascii=False)


def registered_key(label: str) -> str | None:
    """Return the key of the strategy that is registered now under a label; None where the label means nothing now."""
    from strategies.errors import StrategyError  # here, since they bring torch, which most of a report needs not

    try:
        return _key_of(label)
    except StrategyError:
        return None


def is_registered(label: str, strategy: Mapping[str, Any]) -> bool:
    """Return whether a strategy is the one that its label stands for now; true where the label means nothing now."""
    return registered_key(label) in (None, strategy_key(strategy))


def _plain(value: Any) -> Any:
    """Return a value so that 1 and 1.0 are written alike: other programs that write JSON do not keep them apart."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@lru_cache(maxsize=1024)  # an error is not kept: a plug-in may yet bring the name
def _key_of(label: str) -> str:
    from strategies import parse_one

    one = parse_one(label)
    return strategy_key({"name": one.name, "parameters": _without_drawn(one), "source": one.source_digest()})


def _without_drawn(strategy: Any) -> dict[str, Any]:
    """Return the parameters as a run's identity has them: what is drawn for one seed makes no strategy of its own."""
    return {key: value for key, value in strategy.parameters().items() if key not in strategy.drawn}
