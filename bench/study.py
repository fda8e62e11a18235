"""A study: strategies x forms x seeds on one data set, as runs with an identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bench.errors import UserError
from datasets import DataSet
from strategies import Strategy

FORMS = ("paper", "centred")
VERTICES = range(3, 17)


@dataclass(frozen=True)
class Run:
    """One training: what fixes its result. Paths, devices and worker counts are no part of it.

    Attributes:
        strategy: with its parameters.
        form: MGIoU form; None where the strategy gives MGIoU no weight.
        data: name, fingerprint and V.
        seed: the same seed makes runs of different strategies a pair.
        model: name of the model YAML.
        settings: Ultralytics overrides.
    """

    strategy: Strategy
    form: str | None
    data: Mapping[str, Any]
    seed: int
    model: str
    settings: Mapping[str, Any]

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The run in plain values, as it stands in its record."""
        return {
            "strategy": {"name": self.strategy.name, "parameters": self.strategy.parameters()},
            "form": self.form,
            "data": dict(self.data),
            "seed": self.seed,
            "model": self.model,
            "settings": dict(self.settings),
        }

    @cached_property
    def id(self) -> str:
        """First 12 hex digits of the SHA-256 of the identity as canonical JSON."""
        text = json.dumps(self.identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def label(self) -> str:
        """The strategy's name with the parameters that differ from its defaults."""
        return self.strategy.label


def plan(
    strategies: Sequence[Strategy],
    forms: Sequence[str],
    seeds: Sequence[int],
    data: DataSet,
    vertices: int | None,
    model: str,
    settings: Mapping[str, Any],
) -> list[Run]:
    """Return the runs of a study, all strategies of a seed before the next seed, each run once.

    A strategy runs in those of `forms` that it is meant for, or in its first form when none is.

    Raises:
        UserError: nothing to run, or a number of vertices that no polygon has.
    """
    if not strategies:
        raise UserError("no strategy to run; give --all or --strategy NAME (python -m bench list shows them)")
    v = vertices or data.vertices
    if v not in VERTICES:
        raise UserError(f"--vertices {v}: a polygon here has {VERTICES[0]} to {VERTICES[-1]} vertices")
    described = {"name": data.name, "fingerprint": data.fingerprint, "vertices": v}
    runs = [
        Run(strategy, form, described, seed, model, settings)
        for seed in seeds
        for strategy in strategies
        for form in _forms_of(strategy, forms)
    ]
    return list({run.id: run for run in runs}.values())


def _forms_of(strategy: Strategy, chosen: Sequence[str]) -> list[str | None]:
    if not strategy.forms:
        return [None]
    return [form for form in chosen if form in strategy.forms] or [strategy.forms[0]]
