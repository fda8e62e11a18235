"""`bench run`."""

from __future__ import annotations

import shlex
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from bench.commands import options
from bench.errors import UserError

if TYPE_CHECKING:
    from bench.tracking import StudyContent


class Wandb(str, Enum):
    """Choices of `--wandb`."""

    auto = "auto"
    online = "online"
    offline = "offline"
    off = "off"


def run(
    all_: options.All = False,
    strategy: options.Strategies = None,
    seeds: options.Seeds = None,
    suite: options.SuiteName = None,
    data: options.Data = None,
    mgiou: options.Mgiou = options.Form.paper,
    vertices: options.Vertices = None,
    model: options.Model = "yolo11n-polygon.yaml",
    set_: options.Settings = None,
    precision: options.PrecisionName = options.Precision.auto,
    quick: options.Quick = False,
    until_decided: Annotated[
        bool, typer.Option("--until-decided", help="Add seeds, a pair at a time, to what is still UNDECIDED.")
    ] = False,
    max_seeds: Annotated[int, typer.Option(min=2, metavar="N", help="Where --until-decided ends.")] = 10,
    controls: Annotated[
        bool, typer.Option("--controls", help="For strategies whose weights vary: just that mix, shuffled, replayed.")
    ] = False,
    aa: options.Aa = False,
    val_every: Annotated[
        int, typer.Option(min=1, metavar="N", help="Measure AP every N epochs, and at the last.")
    ] = 10,
    snapshot_every: Annotated[
        int, typer.Option(min=1, metavar="N", help="Write a snapshot every N epochs; a killed run goes on from it.")
    ] = 10,
    out: options.Out = options.RESULTS,
    study: options.NewStudy = None,
    fresh: options.Fresh = False,
    sharing: options.Sharing = True,
    workers: Annotated[
        Optional[int], typer.Option(min=1, metavar="N", help="Runs at a time.  [default: one a core]")
    ] = None,
    per_gpu: Annotated[
        str,
        typer.Option("--per-gpu", metavar="N|auto", help="Runs at a time on a GPU; auto measures what it can take."),
    ] = "auto",
    device: options.Device = "auto",
    wandb: Annotated[
        Wandb, typer.Option(help="auto: online when a key is configured, else offline files.")
    ] = Wandb.auto,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard event files too.")] = False,
    plugin: options.Plugins = None,
) -> None:
    """Train and score strategies. Runs that are done are skipped, so the same command finishes what is left."""
    from bench.commands.declaration import declare
    from bench.commands.wanted import decided, wanted
    from bench.commands.workers import ToTrain, workers_of
    from bench.detector.precision import amp_of
    from bench.execution.afterwards import tell_what_was_missed
    from bench.execution.fresh import to_repeat, under_way
    from bench.execution.hardware import resolve_device, share_out
    from bench.execution.left import left_to_do
    from bench.execution.session import Options, carry_out_study
    from bench.follow_up import FollowUp
    from bench.tracking import TrackingConfig, check_tracking, log_study

    name = options.new_study(study, quick)
    folder = out / name
    used_device = resolve_device(device)
    asked = wanted(
        all_=all_, strategy=strategy, suite=suite, seeds=seeds, data=data, mgiou=mgiou, vertices=vertices,
        model=model, set_=set_, quick=quick, aa=aa, plugin=plugin,
    )  # fmt: skip
    if until_decided and max_seeds <= asked.seeds:
        raise UserError(f"--max-seeds {max_seeds}: leaves nothing to add to {asked.seeds} seeds")
    workers_for = workers_of(used_device, workers, per_gpu, asked.model)
    options.writable(folder)
    tracking = TrackingConfig(wandb=wandb.value, tensorboard=tensorboard, folder=folder)
    check_tracking(tracking)
    with options.setting_up(folder):
        chosen, gain = decided(precision, asked, folder, used_device)
        suite_name = suite.value if suite else "core" if all_ else None
        declare(folder, suite_name, (asked.seeds, max_seeds if until_decided else asked.seeds), gain)
    runs = asked.runs(chosen)
    ids = [run.id for run in runs]
    if fresh and under_way(folder).keys() & set(ids):
        options.say("--fresh: goes on with a repeat that was broken off; what it has repeated stays")

    def left() -> ToTrain:
        segments = left_to_do(folder, runs, sharing=sharing, repeat=to_repeat(folder, ids) if fresh else {})
        pictures = {loaded.fingerprint: len(loaded.train.images) for loaded in asked.data.values()}
        images = sum(one.epochs * pictures[one.runs[0].data["fingerprint"]] for one in segments)
        found = ToTrain(len({run.id for one in segments for run in one.runs}), images)
        if until_decided or controls:  # what these add is about one run more of each
            more = ToTrain(len(asked.arms), len(asked.arms) * asked.settings["epochs"] * sum(pictures.values()))
            return ToTrain(max(found.runs, more.runs), max(found.images, more.images))
        return found

    settings = {**asked.settings, "amp": amp_of(chosen)}
    used_workers, threads = share_out(used_device, workers_for(left, settings), len(runs))
    ending = carry_out_study(
        runs,
        Options(
            folder=folder,
            study=name,
            sources=asked.sources,
            device=used_device,
            workers=used_workers,
            threads=threads,
            val_every=val_every,
            snapshot_every=snapshot_every,
            plugins=tuple(plugin or ()),
            tracking=tracking,
            fresh=fresh,
            sharing=sharing,
            pretrained=asked.pretrained,
        ),
        FollowUp(folder, controls, max_seeds if until_decided else None),
    )
    if not ending.stopped:
        tell_what_was_missed(tracking, {one.fingerprint: one for one in asked.data.values()}, options.say)
        log_study(tracking, name, partial(_content, folder))
    told = ", ".join(f"{number} {status}" for status, number in ending.statuses.items())
    stopped = "told to stop, the same command goes on: " if ending.stopped else ""
    options.say(f"{stopped}{told}; records in {folder}; the table: python -m bench report{_report_words(out, name)}")
    if ending.stopped or ending.statuses["interrupted"]:
        raise SystemExit(130)
    if set(ending.statuses) != {"done"}:
        raise SystemExit(1)


def _content(folder: Path) -> StudyContent:
    """Return what W&B is told of a study as a whole."""
    import pandas as pd

    from bench.claims.show import to_rows
    from bench.records import GOES_ON, load_study
    from bench.report import load_report, render
    from bench.report.machine import frame
    from bench.tracking import StudyContent

    found = load_report(folder)
    return StudyContent(
        tables={"comparison": frame(found.comparisons), "verdicts": pd.DataFrame(to_rows(found))},
        files={"report.md": render(found, "md"), "report.json": render(found, "json")},
        run_ids=[record.id for record in load_study(folder) if record.status not in GOES_ON],
    )


def _report_words(out: Path, study: str) -> str:
    """Return what is to follow `report`, as a shell takes it."""
    words = [study] if study != "main" else []
    if out != options.RESULTS:
        words += ["--out", str(out)]
    return f" {shlex.join(words)}" if words else ""
