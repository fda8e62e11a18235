"""A study from plan to records: what is left to do, doing it, and showing it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.execution.events import Event, RunEnded
from bench.execution.local import LocalPool
from bench.execution.task import Task
from bench.records import RecordError, RunFolder
from bench.study import Run
from bench.terminal import PlannedRun, open_view
from bench.tracking import TrackingConfig

FollowUp = Callable[[Sequence[Run]], Sequence[Run]]
"""From the runs that are done to those that they call for; one that was planned before is not run again."""


@dataclass(frozen=True)
class Options:
    """How a study is carried out; none of it changes a result.

    Attributes:
        folder: the study's folder, one sub-folder a run.
        study: its name.
        sources: data set name or COCO folder, by the data's fingerprint.
        device: as Ultralytics takes it.
        workers: number of processes.
        threads: torch threads in each.
        val_every: epochs between two measurements of AP.
        snapshot_every: epochs between two snapshots on disk.
        plugins: files or modules that register strategies.
        tracking: W&B and TensorBoard.
        fresh: repeat what is done.
    """

    folder: Path
    study: str
    sources: Mapping[str, str]
    device: str
    workers: int
    threads: int
    val_every: int
    snapshot_every: int
    plugins: tuple[str, ...]
    tracking: TrackingConfig
    fresh: bool


def carry_out_study(
    runs: Sequence[Run], options: Options, follow_up: FollowUp = lambda done: ()
) -> tuple[list[Run], Counter[str]]:
    """Carry out every run that is not done yet, then what they call for, until nothing more is called for.

    Returns:
        All runs that belong to the study now, and how many of them have each status.
    """
    planned = {run.id: run for run in runs}
    statuses = _carry_out(list(planned.values()), options)
    while not {"interrupted", "planned"} & set(statuses.values()):
        done = [run for run in planned.values() if statuses[run.id] == "done"]
        more = {run.id: run for run in follow_up(done) if run.id not in planned}
        if not more:
            break
        planned |= more
        statuses |= _carry_out(list(more.values()), options)
    return list(planned.values()), Counter(statuses.values())


def _carry_out(runs: Sequence[Run], options: Options) -> dict[str, str]:
    """Carry out what is not done of a batch; return each run's status by id."""
    tasks = [_task(run, options) for run in runs]
    statuses = {task.run_id: "planned" if options.fresh else _status(task.folder) for task in tasks}
    left = [task for task in tasks if statuses[task.run_id] != "done"]
    for task in left:
        if statuses[task.run_id] not in _GOES_ON:
            shutil.rmtree(task.folder, ignore_errors=True)  # what an earlier attempt left must not mix with this one
            RunFolder(task.folder).write(task.record("planned"))
        statuses[task.run_id] = "planned"
    shown = [
        PlannedRun(run.id, _shown(run), run.form, run.seed, run.settings["epochs"], statuses[run.id]) for run in runs
    ]
    with open_view(shown, workers=options.workers) as view:

        def on_event(event: Event) -> None:
            if isinstance(event, RunEnded):
                statuses[event.run_id] = event.status
            view.update(event)

        interrupted = LocalPool(options.workers, options.threads).run(left, on_event)
        for task in interrupted:
            reason = "stopped before it left a snapshot of its last epoch; the same command goes on from an earlier one"
            RunFolder(task.folder).write(task.record("interrupted", reason))
            on_event(RunEnded(task.run_id, "interrupted", reason, {}, 0.0))
    return statuses


_GOES_ON = ("running", "interrupted")
"""What a run is on record as when it was cut short; its snapshot, if it left one, is gone on from."""


def _shown(run: Run) -> str:
    return f"{run.label}, once more" if run.replicate else run.label


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
        source=options.sources[run.data["fingerprint"]],
        folder=options.folder / run.id,
        device=options.device,
        val_every=options.val_every,
        snapshot_every=options.snapshot_every,
        plugins=options.plugins,
        tracking=options.tracking,
    )
