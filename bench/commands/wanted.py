"""From the words of a command to the runs that it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import strategies
from bench.arm import Arm
from bench.commands.options import Form, Precision, Suite, say
from bench.errors import UserError
from bench.manifest import read_manifest
from bench.settings import resolve
from bench.study import FORMS, Run, arms_of, plan, replicates
from bench.suites import arms_of_suite


@dataclass(frozen=True)
class Wanted:
    """What a command asks for.

    Attributes:
        runs: all seeds of one data set before the next.
        sources: data set name or COCO folder, by the data's fingerprint.
        seeds: how many each strategy is run with at first.
        bf16_gain: what was measured to choose the precision; None where nothing was.
    """

    runs: list[Run]
    sources: Mapping[str, str]
    seeds: int
    bf16_gain: float | None


def wanted(
    *,
    all_: bool,
    strategy: Sequence[str] | None,
    suite: Suite | None,
    seeds: int | None,
    data: Sequence[str] | None,
    mgiou: Form,
    vertices: int | None,
    model: str,
    set_: Sequence[str] | None,
    precision: Precision,
    quick: bool,
    aa: bool,
    device: str,
    folder: Path,
    plugin: Sequence[str] | None,
) -> Wanted:
    """Return what a command asks for; the arguments are the options of that name, and the study's folder.

    Raises:
        UserError: one of them makes no sense.
        StrategyError: no such strategy, or it does not take such parameters.
        DataError: no such data, or data that cannot be used.
    """
    for source in plugin or []:
        strategies.load_plugin(source)
    settings = resolve(set_ or [], quick)
    arms = _arms(all_, suite, strategy or [], FORMS if mgiou is Form.both else (mgiou.value,))
    from bench.detector.model import model_config
    from bench.detector.precision import BF16, FP32, GAIN, amp_of

    model_config(model, 4)  # a wrong name is told before any data are made
    count = seeds or (1 if quick else 3)
    chosen = {source: datasets.load(source) for source in data or ["documents"]}
    gain = _gain(folder, model, settings, device) if precision is Precision.auto else None
    in_bf16 = gain >= GAIN if gain is not None else precision is Precision.bf16
    settings["amp"] = amp_of(BF16 if in_bf16 else FP32)
    runs = []
    for loaded in chosen.values():
        for note in loaded.notes:
            say(f"{loaded.name}: {note}")
        runs += plan(arms, range(count), loaded, vertices, model, settings)
    sources = {loaded.fingerprint: source for source, loaded in chosen.items()}
    return Wanted(runs + replicates(runs) if aa else runs, sources, count, gain)


def _gain(folder: Path, model: str, settings: Mapping[str, Any], device: str) -> float:
    """Return what bfloat16 gains: as on record for the study, or measured now."""
    from bench.detector.precision import gain_of_bf16

    known = read_manifest(folder)
    return known.bf16_gain if known and known.bf16_gain is not None else gain_of_bf16(model, settings, device)


def _arms(all_: bool, suite: Suite | None, texts: Sequence[str], forms: tuple[str, ...]) -> list[Arm]:
    if not all_ and not suite and not texts:
        raise UserError("nothing to run; give --all, --suite or --strategy NAME (python -m bench list shows them)")
    chosen = arms_of_suite("core", forms) if all_ else []
    if suite:
        chosen += arms_of_suite(suite.value, forms)
    return chosen + arms_of([one for text in texts for one in strategies.parse(text)], forms)
