"""A study: strategies x forms x seeds on one data set, as runs with an identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bench.arm import Arm
from bench.errors import UserError
from datasets import DataSet
from datasets.coco import VERTICES
from strategies import Strategy


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
        model_digest: of what a model YAML of the user's own holds; None for one that a name says all of.
        replicate: 0; a higher number is the same run once more, to see what the machine alone changes (A/A).
    """

    strategy: Strategy
    form: str | None
    data: Mapping[str, Any]
    seed: int
    model: str
    settings: Mapping[str, Any]
    replicate: int = 0
    model_digest: str | None = None

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The run in plain values, as it stands in its record."""
        parameters = self.strategy.parameters()
        drawn = {name: parameters.pop(name) for name in self.strategy.drawn}
        source = self.strategy.source_digest()
        return {
            "strategy": {
                "name": self.strategy.name,
                "parameters": parameters,
                **({"drawn": drawn} if drawn else {}),
                **({"source": source} if source else {}),
            },
            "form": self.form,
            "data": dict(self.data),
            "seed": self.seed,
            "model": self.model,
            **({"model_digest": self.model_digest} if self.model_digest else {}),
            "settings": dict(self.settings),
            **({"replicate": self.replicate} if self.replicate else {}),
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


def arms_of(strategies: Sequence[Strategy], forms: Sequence[str]) -> list[Arm]:
    """Return each strategy in those of `forms` that it is meant for, or in its first form when none is."""
    return [Arm(strategy, form) for strategy in strategies for form in _forms_of(strategy, forms)]


def plan(
    arms: Sequence[Arm],
    seeds: Sequence[int],
    data: DataSet,
    vertices: int | None,
    model: str,
    settings: Mapping[str, Any],
    model_digest: str | None = None,
) -> list[Run]:
    """Return the runs of a study on one data set, all arms of a seed before the next seed, each run once.

    Args:
        arms: strategies and forms.
        seeds: of the runs.
        data: to train on.
        vertices: V; None for what suits the data.
        model: name of the model YAML.
        settings: Ultralytics overrides.
        model_digest: as in `Run`.

    Raises:
        UserError: nothing to run, or a number of vertices that no polygon has.
    """
    if not arms:
        raise UserError("no strategy to run; give --all or --strategy NAME (python -m bench list shows them)")
    v = vertices or data.vertices
    check_vertices(v, f"--vertices {v}")
    described = {"name": data.name, "fingerprint": data.fingerprint, "vertices": v}
    runs = [
        Run(arm.strategy, arm.form, described, seed, model, settings, model_digest=model_digest)
        for seed in seeds
        for arm in arms
    ]
    return list({run.id: run for run in runs}.values())


def check_vertices(vertices: object, said: str) -> None:
    """Refuse what is no number of vertices that a polygon here may have.

    Args:
        vertices: V.
        said: how the user said it, for the message.

    Raises:
        UserError: it is no whole number, or not in `VERTICES`.
    """
    if type(vertices) is not int or vertices not in VERTICES:
        raise UserError(f"{said}: a polygon here has {VERTICES[0]} to {VERTICES[-1]} vertices")


def replicates(runs: Sequence[Run]) -> list[Run]:
    """Return the reference's runs once more (A/A); of every strategy's where the reference is not among them."""
    chosen = [run for run in runs if not run.strategy.forms] or list(runs)
    return [replace(run, replicate=1) for run in chosen]


def _forms_of(strategy: Strategy, chosen: Sequence[str]) -> list[str | None]:
    if not strategy.forms:
        return [None]
    return [form for form in chosen if form in strategy.forms] or [strategy.forms[0]]
