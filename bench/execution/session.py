"""A study from plan to records: what is left to do, doing it, and showing it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.execution.events import Event, RunEnded
from bench.execution.local import LocalPool
from bench.execution.task import Task
from bench.records import RecordError, RunFolder, load_study
from bench.report import build
from bench.report.machine import frame
from bench.study import Run
from bench.terminal import PlannedRun, open_view
from bench.tracking import TrackingConfig, log_study


@dataclass(frozen=True)
class Options:
    """How a study is carried out; none of it changes a result.

    Attributes:
        folder: the study's folder, one sub-folder a run.
        study: its name.
        source: data set name or COCO folder.
        device: as Ultralytics takes it.
        workers: number of processes.
        threads: torch threads in each.
        val_every: epochs between two measurements of AP.
        plugins: files or modules that register strategies.
        tracking: W&B and TensorBoard.
        fresh: repeat what is done.
    """

    folder: Path
    study: str
    source: str
    device: str
    workers: int
    threads: int
    val_every: int
    plugins: tuple[str, ...]
    tracking: TrackingConfig
    fresh: bool


def carry_out_study(runs: Sequence[Run], options: Options) -> Counter[str]:
    """Carry out every run that is not done yet; return how many runs of the plan now have each status."""
    tasks = [_task(run, options) for run in runs]
    statuses = {task.run_id: "planned" if options.fresh else _status(task.folder) for task in tasks}
    left = [task for task in tasks if statuses[task.run_id] != "done"]
    for task in left:
        shutil.rmtree(task.folder, ignore_errors=True)  # what an earlier attempt left must not mix with this one
        RunFolder(task.folder).write(task.record("planned"))
        statuses[task.run_id] = "planned"
    shown = [
        PlannedRun(run.id, run.label, run.form, run.seed, run.settings["epochs"], statuses[run.id]) for run in runs
    ]
    with open_view(shown, workers=options.workers) as view:

        def on_event(event: Event) -> None:
            if isinstance(event, RunEnded):
                statuses[event.run_id] = event.status
            view.update(event)

        interrupted = LocalPool(options.workers, options.threads).run(left, on_event)
        for task in interrupted:
            reason = "interrupted by Ctrl-C; the same command starts it again"
            RunFolder(task.folder).write(task.record("interrupted", reason))
            on_event(RunEnded(task.run_id, "interrupted", reason, {}, 0.0))
    if left and not interrupted:
        log_study(options.tracking, options.study, frame(build(load_study(options.folder)).comparisons))
    return Counter(statuses.values())


def _status(folder: Path) -> str:
    """Return the status on record; a folder without a readable record is planned again."""
    try:
        return RunFolder(folder).read().status
    except (FileNotFoundError, RecordError):
        return "planned"


def _task(run: Run, options: Options) -> Task:
    return Task(
        run_id=run.id,
        label=run.label,
        study=options.study,
        identity=run.identity,
        source=options.source,
        folder=options.folder / run.id,
        device=options.device,
        val_every=options.val_every,
        plugins=options.plugins,
        tracking=options.tracking,
    )
