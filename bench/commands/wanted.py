"""From the words of a command to the runs that it asks for."""

from __future__ import annotations

import multiprocessing
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import strategies
from bench.arm import Arm
from bench.commands.options import Form, Precision, Suite, say, say_notes
from bench.detector.freezing import check_freeze
from bench.detector.gain import GAIN, gain_of_bf16
from bench.detector.model import model_digest
from bench.detector.precision import BF16, FP32, amp_of
from bench.detector.pretrained import transferred, weights_digest
from bench.errors import UserError, brief
from bench.execution.stop import deaf_to_ctrl_c
from bench.losses import FORMS
from bench.manifest import read_manifest
from bench.settings import resolve
from bench.study import Run, arms_of, plan, replicates
from bench.suites import arms_of_suite


@dataclass(frozen=True)
class Wanted:
    """What a command asks for.

    Attributes:
        arms: strategies and forms.
        data: data sets by what the user called them.
        seeds: how many each strategy is run with at first.
        vertices: V; None for what suits the data.
        model: name of the model YAML.
        model_digest: of what it holds, where it is the user's own.
        settings: Ultralytics overrides, all but the precision.
        aa: whether the reference is run once more.
        pretrained: file of weights to start from.
    """

    arms: list[Arm]
    data: Mapping[str, datasets.DataSet]
    seeds: int
    vertices: int | None
    model: str
    model_digest: str | None
    settings: Mapping[str, Any]
    aa: bool
    pretrained: str | None

    def runs(self, precision: str) -> list[Run]:
        """Return the runs in a precision (`fp32` or `bf16`), all seeds of one data set before the next."""
        settings = {**self.settings, "amp": amp_of(precision)}
        runs = [
            run
            for loaded in self.data.values()
            for run in plan(
                self.arms, range(self.seeds), loaded, self.vertices, self.model, settings, self.model_digest
            )
        ]
        return runs + replicates(runs) if self.aa else runs

    @property
    def sources(self) -> dict[str, str]:
        """Data set name or COCO folder, by the data's fingerprint."""
        return {loaded.fingerprint: source for source, loaded in self.data.items()}


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
    quick: bool,
    aa: bool,
    plugin: Sequence[str] | None,
) -> Wanted:
    """Return what a command asks for; the arguments are the options of that name. Nothing is written.

    Raises:
        UserError: one of them makes no sense.
        StrategyError: no such strategy, or it does not take such parameters.
        DataError: no such data, or data that cannot be used.
    """
    for source in plugin or []:
        strategies.load_plugin(source)
    settings = resolve(set_ or [], quick)
    arms = _arms(all_, suite, strategy or [], FORMS if mgiou is Form.both else (mgiou.value,))
    if not _is_unicode(model):
        raise UserError(f"--model {model}: its path is not UTF-8, which a run's id is made of; rename what is not")
    digest = model_digest(model)  # a wrong name is told before any data are made
    check_freeze(settings.get("freeze"), model)
    pretrained = settings.get("pretrained")
    if isinstance(pretrained, str):  # the file is where it is; what it holds is part of what the runs are
        settings["pretrained"] = weights_digest(pretrained)
    asked = Wanted(
        arms=arms,
        data=_loaded(data or ["documents"]),
        seeds=seeds or (1 if quick else 3),
        vertices=vertices,
        model=model,
        model_digest=digest,
        settings=settings,
        aa=aa,
        pretrained=pretrained if isinstance(pretrained, str) else None,
    )
    asked.runs(FP32)  # what is wrong with it is told now
    if isinstance(pretrained, str):
        for loaded in asked.data.values():
            say(f"{loaded.name}: {transferred(pretrained, model, vertices or loaded.vertices, loaded.categories)}")
    for loaded in asked.data.values():
        say_notes(loaded)
    return asked


def decided(precision: Precision, asked: Wanted, folder: Path, device: str) -> tuple[str, float | None]:
    """Return the precision, and what bfloat16 gains if that was looked at: as on record for the study, or measured."""
    if precision is not Precision.auto:
        return precision.value, None
    known = read_manifest(folder)
    gain = known.bf16_gain if known else None
    if gain is None:
        gain = _gain(asked, device)
    return (BF16 if gain >= GAIN else FP32), gain


def _gain(asked: Wanted, device: str) -> float:
    words = (asked.model, dict(asked.settings), device)
    if device == "cpu":
        return gain_of_bf16(*words)
    # Whoever has used a GPU holds some of its memory, or all of it where each process has it to itself, to its end.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as another:
        try:
            with deaf_to_ctrl_c():  # it is started here
                measured = another.submit(gain_of_bf16, *words)
            return measured.result()
        except RuntimeError as error:
            raise UserError(f"GPU {device} cannot be used: {brief(error, 200)}; give --device cpu or another") from None


def _loaded(sources: Sequence[str]) -> dict[str, datasets.DataSet]:
    """Return data sets by what the user called them; one that is named twice, `d` and `d/` say, once.

    Raises:
        UserError: two have one name: a report would take them for two versions of one, and show the one alone; or a
            name is not UTF-8.
        DataError: no such data, or data that cannot be used.
    """
    found: dict[str, tuple[str, datasets.DataSet]] = {}
    for source in sources:
        loaded = datasets.load(source)
        if not _is_unicode(loaded.name):
            raise UserError(
                f"--data {source}: its name is not UTF-8, which a run's id is made of; rename it, or give it a name: "
                "python -m bench data import SOURCE --as NAME"
            )
        first, known = found.setdefault(loaded.name, (source, loaded))
        if known.fingerprint != loaded.fingerprint:
            raise UserError(
                f"--data {first} and --data {source} are two data sets called {loaded.name!r}; rename a folder, or "
                f"give one another name: python -m bench data import {shlex.quote(source)} --as NAME"
            )
    return dict(found.values())


def _is_unicode(name: str) -> bool:
    """Whether a name, of a file say, can be written as UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _arms(all_: bool, suite: Suite | None, texts: Sequence[str], forms: tuple[str, ...]) -> list[Arm]:
    if not all_ and not suite and not texts:
        raise UserError("nothing to run; give --all, --suite or --strategy NAME (python -m bench list shows them)")
    chosen = arms_of_suite("core", forms) if all_ else []
    if suite:
        chosen += arms_of_suite(suite.value, forms)
    return chosen + arms_of([one for text in texts for one in strategies.parse(text)], forms)
