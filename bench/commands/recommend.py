"""`bench recommend`: which strategy to use on your data, as far as a budget of time can tell."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands import options
from bench.errors import UserError

if TYPE_CHECKING:
    from bench.commands.wanted import Wanted
    from bench.execution.slots import Throughput
    from bench.recommend import Figures, Rounds
    from bench.study import Run

_PRIORITY = ("l2", "cosine", "two-stage-70", "static", "adaptive", "linear", "two-stage-70-restart", "two-stage-90")
"""Tried first where the budget is too small for all; the rest follow in the order of the registry."""
_WITHOUT_DATA = 1.25
"""How much longer an epoch takes than its training steps: data, measuring, snapshots."""
_PROBE_SECONDS = 2.0


def recommend(
    data: Annotated[str, typer.Option("--data", metavar="SOURCE", help="Data set, folder or data.yaml.")],
    budget: Annotated[str, typer.Option("--budget", metavar="TIME", help="Say 30m, 2h or 1h30m.")],
    strategy: options.Strategies = None,
    mgiou: options.Mgiou = options.Form.paper,
    vertices: options.Vertices = None,
    model: options.Model = "yolo11n-polygon.yaml",
    set_: options.Settings = None,
    precision: options.PrecisionName = options.Precision.auto,
    out: options.Out = options.RESULTS,
    device: options.Device = "auto",
    plugin: options.Plugins = None,
) -> None:
    """Run what a budget of time allows, and say which strategy to use, on what evidence, and how sure that is."""
    from bench.commands.declaration import declare
    from bench.commands.wanted import decided, wanted
    from bench.cores import cores
    from bench.execution.hardware import resolve_device, share_out
    from bench.execution.session import Options, carry_out_study
    from bench.execution.slots import chosen as best_of
    from bench.recommend import MOST_SEEDS, Rounds, affordable, read_budget
    from bench.tracking import TrackingConfig

    began = time.monotonic()
    seconds = read_budget(budget)
    used_device = resolve_device(device)
    asked = wanted(
        all_=not strategy, strategy=strategy, suite=None, seeds=1, data=[data], mgiou=mgiou, vertices=vertices,
        model=model, set_=set_, quick=False, aa=False, plugin=plugin,
    )  # fmt: skip
    (loaded,) = asked.data.values()
    folder = out / options.study_name(f"recommend-{loaded.fingerprint[:8]}")
    options.writable(folder)
    with options.setting_up(folder):
        chosen, gain = decided(precision, asked, folder, used_device)
        declare(folder, None, (2, MOST_SEEDS), gain)
    first = _first_runs(asked, chosen, folder)
    readings = [] if first and used_device == "cpu" else _rates(asked, chosen, used_device)
    at_a_time = cores() if used_device == "cpu" else best_of(readings)
    workers, threads = share_out(used_device, at_a_time, len(asked.arms))
    if not first:
        epoch = _seconds_an_epoch(asked, readings)
        first = _by_priority(asked, chosen, *affordable(seconds, epoch, len(asked.arms), asked.settings["epochs"]))
    epochs = first[0].settings["epochs"]
    options.say(
        f"{budget} on {loaded.name}: {len(first)} of {len(asked.arms)} strategies, {epochs} of "
        f"{asked.settings['epochs']} epochs, as many seeds as fit"
    )
    rounds = Rounds(
        templates={(run.label, run.form): run for run in first},
        figures=lambda done: _figures(folder, done),
        cost=lambda done: _seconds_a_run(folder, done) / workers,
        time_left=lambda: seconds - (time.monotonic() - began),
    )
    tracking = TrackingConfig(wandb="off", tensorboard=False, folder=folder)
    ending = carry_out_study(
        first,
        Options(
            folder=folder, study=folder.name, sources=asked.sources, device=used_device, workers=workers,
            threads=threads, val_every=max(1, epochs // 5), snapshot_every=10, plugins=tuple(plugin or ()),
            tracking=tracking, fresh=False, sharing=True, pretrained=asked.pretrained,
        ),
        rounds,
    )  # fmt: skip
    _tell(folder, rounds, time.monotonic() - began)
    if ending.stopped:
        raise SystemExit(130)


def _rates(asked: Wanted, precision: str, device: str) -> list[Throughput]:
    """Return what 1, 2, 4, ... processes do that take the study's training steps, as many as there are strategies."""
    from bench.cores import cores
    from bench.detector.precision import amp_of
    from bench.execution.slots import measure
    from bench.no_memory import size_of

    options.say("looking how fast it trains here, which takes a minute or so")
    most = min(cores(), len(asked.arms))
    settings = {**asked.settings, "amp": amp_of(precision)}
    found = measure(asked.model, settings, device, threads=1, most=most, seconds=_PROBE_SECONDS)
    if not found:
        tried = size_of(settings["batch"], settings["imgsz"])
        raise UserError(
            f"--device {device}: no training step can be taken with {tried}; give a smaller --set batch=N or --set "
            "imgsz=N, or another device"
        )
    return found


def _seconds_an_epoch(asked: Wanted, readings: Sequence[Throughput]) -> float:
    """Return what an epoch of one run takes, in seconds of all workers together, by what was measured."""
    (loaded,) = asked.data.values()
    rate = max((reading.images_per_s for reading in readings), default=0.0)
    return _WITHOUT_DATA * len(loaded.train.images) / rate if rate else float("inf")


def _first_runs(asked: Wanted, precision: str, folder: Path) -> list[Run]:
    """Return what an earlier command of the same words began with, so that its runs count; nothing without one."""
    from bench.records import load_study

    begun = {record.id: record.identity["settings"]["epochs"] for record in load_study(folder) if record.seed == 0}
    for epochs in dict.fromkeys(begun.values()):
        runs = [run for run in _by_priority(asked, precision, len(asked.arms), epochs) if run.id in begun]
        if len(runs) > 1:
            return runs
    return []


def _by_priority(asked: Wanted, precision: str, count: int, epochs: int) -> list[Run]:
    """Return the first seed of so many strategies, each of so many epochs."""
    runs = replace(asked, settings={**asked.settings, "epochs": epochs}).runs(precision)
    rank = {name: place for place, name in enumerate(_PRIORITY)}
    return sorted(runs, key=lambda run: rank.get(run.strategy.name, len(rank)))[:count]


def _seconds_a_run(folder: Path, done: Sequence[Run]) -> float:
    """Return the mean of what the runs that are done took, what they shared with others counted once."""
    from bench.records import RunFolder

    times = [record.timing for run in done if (record := RunFolder(folder / run.id).read_if_any())]
    return sum(one["total_s"] - one["saved_s"] for one in times) / max(1, len(times))


def _figures(folder: Path, done: Sequence[Run]) -> Figures:
    from bench.recommend import outcome_of
    from bench.records import RunFolder

    records = (RunFolder(folder / run.id).read_if_any() for run in done)
    return outcome_of(record for record in records if record is not None)[0]


def _tell(folder: Path, rounds: Rounds, seconds: float) -> None:
    """Print the recommendation, its evidence and how sure it is."""
    from bench.recommend import outcome_of, standings
    from bench.recommend.text import words
    from bench.records import load_study

    # By its id: the folder also holds the runs of commands with other settings, models or numbers of vertices.
    found, lost = outcome_of(
        record
        for record in load_study(folder)
        if (planned := rounds.templates.get((record.label, record.form)))
        and record.id == replace(planned, seed=record.seed).id
    )
    if not found:
        options.say(f"no run came to its end; see python -m bench status {folder.name} --out {folder.parent}")
        raise SystemExit(1)
    for line in words(standings(found, lost, rounds.dropped), found, rounds.dropped, lost):
        print(line)
    options.say(
        f"{seconds / 60:.0f} min; records in {folder}; more: python -m bench report {folder.name} --out {folder.parent}"
    )
