"""`bench recommend`: which strategy to use on your data, as far as a budget of time can tell."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands import options

if TYPE_CHECKING:
    from bench.commands.wanted import Wanted
    from bench.recommend import Figures, Key, Rounds, Standing
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
    from bench.execution.hardware import cores, resolve_device, share_out
    from bench.execution.reservation import setting_up
    from bench.execution.session import Options, carry_out_study
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
    with setting_up(folder):
        chosen, gain = decided(precision, asked, folder, used_device)
        declare(folder, None, (2, MOST_SEEDS), gain)
    workers, threads = share_out(used_device, cores() if used_device == "cpu" else 1, len(asked.arms))
    first = _first_runs(asked, chosen, folder)
    if not first:
        epoch = _seconds_an_epoch(asked, chosen, used_device, workers)
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


def _seconds_an_epoch(asked: Wanted, precision: str, device: str, workers: int) -> float:
    """Return what an epoch of one run takes, in seconds of all workers together: measured, by training steps."""
    from bench.detector.precision import amp_of
    from bench.execution.slots import measure

    settings = {**asked.settings, "amp": amp_of(precision)}
    readings = measure(asked.model, settings, device, threads=1, most=workers, seconds=_PROBE_SECONDS)
    (loaded,) = asked.data.values()
    rate = max((reading.images_per_s for reading in readings), default=0.0)
    return _WITHOUT_DATA * len(loaded.train.images) / rate if rate else float("inf")


def _first_runs(asked: Wanted, precision: str, folder: Path) -> list[Run]:
    """Return what an earlier command of the same words began with, so that its runs count; nothing without one."""
    from bench.study_records import load_study

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
    from bench.run_folder import RunFolder

    times = [record.timing for run in done if (record := RunFolder(folder / run.id).read_if_any())]
    return sum(one["total_s"] - one["saved_s"] for one in times) / max(1, len(times))


def _figures(folder: Path, done: Sequence[Run]) -> Figures:
    from bench.run_folder import RunFolder

    found: dict[Key, dict[int, float]] = {}
    for run in done:
        record = RunFolder(folder / run.id).read_if_any()
        if record is not None and record.done:
            found.setdefault((run.label, run.form), {})[run.seed] = record.metrics["mAP50_95"]
    return found


def _tell(folder: Path, rounds: Rounds, seconds: float) -> None:
    """Print the recommendation, its evidence and how sure it is."""
    from bench.recommend import standings
    from bench.records import LOST
    from bench.study_records import load_study

    found: dict[Key, dict[int, float]] = {}
    lost: dict[Key, list[str]] = {}
    for record in load_study(folder):
        key = (record.label, record.form)
        planned = rounds.templates.get(key)
        # By its id: the folder also holds the runs of commands with other settings, models or numbers of vertices.
        if planned is None or record.id != replace(planned, seed=record.seed).id:
            continue
        if record.done:
            found.setdefault(key, {})[record.seed] = record.metrics["mAP50_95"]
        elif record.status in LOST:
            lost.setdefault(key, []).append(record.status)
    if not found:
        options.say(f"no run came to its end; see python -m bench status {folder.name} --out {folder.parent}")
        raise SystemExit(1)
    for line in words(standings(found, lost), found, rounds.dropped, lost):
        print(line)
    options.say(
        f"{seconds / 60:.0f} min; records in {folder}; more: python -m bench report {folder.name} --out {folder.parent}"
    )


def words(
    found: Sequence[Standing], figures: Figures, dropped: Mapping[Key, int], lost: Mapping[Key, Sequence[str]]
) -> list[str]:
    """Return the recommendation, line by line: what to use, how sure that is, and every strategy's figures.

    Args:
        found: the best first.
        figures: by strategy and seed.
        dropped: after how many seeds a strategy was left out.
        lost: what became of the runs of a strategy that have no figure.
    """
    from bench.report.row import REFERENCE
    from bench.statistics import WORSE

    best, *others = found
    behind = [one for one in others if one.verdict.verdict == WORSE]
    open_ = [one for one in others if one not in behind and (one.key not in lost or best.key in lost)]
    unfit = [one for one in others if one not in behind and one not in open_]
    lines = [f"Use {_name(best.key)}: mAP50-95 {best.mean:.3f} over {_seeds(figures[best.key])}."]
    if not others:
        lines.append("Nothing else came to its end: there is nothing to compare it with.")
    elif not open_ and behind:
        each = "the other" if not unfit else "those without a lost run, which are"
        lines.append(f"Sure at 95 %: each of {each} {len(behind)} is behind, all of them looked at together.")
    elif open_:
        names = ", ".join(_name(one.key) for one in open_)
        lines.append(f"Not settled (UNDECIDED) against {len(open_)} of {len(others)}: {names}.")
        reference = next((one for one in open_ if one.key[0] == REFERENCE), None)
        if reference is not None:
            lines.append(f"It is not shown to be better than {REFERENCE} alone, which is the simplest.")
        needed = [one.verdict.seeds_to_decide for one in open_ if one.verdict.seeds_to_decide]
        if needed:
            lines.append(f"The nearest open difference would take about {min(needed)} seeds, the last {max(needed)}.")
    if behind:
        lines.append(f"Behind beyond doubt: {', '.join(_name(one.key) for one in behind)}.")
    if unfit:
        names = ", ".join(_name(one.key) for one in unfit)
        lines.append(f"Not behind, and not recommended, since runs were lost: {names}.")
    for key, how in lost.items():
        of = len(how) + len(figures.get(key, ()))
        lines.append(f"Lost: {len(how)} of {of} runs of {_name(key)} ({', '.join(dict.fromkeys(how))}).")
    lines += ["", "| strategy | seeds | mAP50-95 | minus the best [95 %] | |", "|---|---|---|---|---|"]
    for one in found:
        told = "" if one.difference is None else _difference(one)
        note = one.verdict.verdict or "best"
        if one.key in dropped and one is not best:
            note += f", left out after seed {dropped[one.key] - 1}"
        lines.append(f"| {_name(one.key)} | {len(figures[one.key])} | {one.mean:.3f} | {told} | {note} |")
    return [*lines, "", "An interval stands for itself, and pays for no look and no choice of the best; the words do."]


def _difference(one: Standing) -> str:
    assert one.difference is not None
    if one.difference.interval is None:
        return f"{one.difference.mean:+.3f}"
    low, high = one.difference.interval
    return f"{one.difference.mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def _name(key: Key) -> str:
    label, form = key
    return f"{label} ({form})" if form else label


def _seeds(by_seed: dict[int, float]) -> str:
    return f"{len(by_seed)} seed{'s' if len(by_seed) > 1 else ''}"
