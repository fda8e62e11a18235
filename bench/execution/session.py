"""A study from plan to records: what is left to do, doing it, and showing it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.execution.events import Event, RunEnded
from bench.execution.local import LocalPool
from bench.execution.resume import start_of
from bench.execution.task import Task, Work
from bench.records import RecordError, RunFolder
from bench.sharing import Segment, Start, alone, share
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
        sharing: train once what several runs have in common.
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
    sharing: bool = True


def carry_out_study(
    runs: Sequence[Run], options: Options, follow_up: FollowUp = lambda done: ()
) -> tuple[list[Run], Counter[str]]:
    """Carry out every run that is not done yet, then what they call for, until nothing more is called for.

    Returns:
        All runs that belong to the study now, and how many of them have each status.
    """
    planned = {run.id: run for run in runs}
    statuses: dict[str, str] = _carry_out(list(planned.values()), options)
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
    tasks = {run.id: _task(run, options) for run in runs}
    statuses = {run.id: None if options.fresh else _status(options.folder / run.id) for run in runs}
    for run_id, task in tasks.items():
        if statuses[run_id] not in (*GOES_ON, "done"):
            shutil.rmtree(task.folder, ignore_errors=True)  # what an earlier attempt left must not mix with this one
            RunFolder(task.folder).write(task.record("planned"))
    left = [run for run in runs if statuses[run.id] != "done"]
    starts = {run.id: start_of(options.folder / run.id, run.identity) for run in left}
    segments = segments_of(left, starts, options.sharing)
    statuses |= {run.id: "planned" for run in left}
    laps = _laps(segments)
    shown = [
        PlannedRun(
            run.id, _shown(run), run.form, run.seed, run.settings["epochs"], statuses[run.id],
            starts.get(run.id, Start()).epochs, tuple(laps.get(run.id, ())),
        )
        for run in runs
    ]  # fmt: skip
    with open_view(shown, workers=options.workers) as view:

        def on_event(event: Event) -> None:
            if isinstance(event, RunEnded):
                statuses[event.run_id] = event.status
            view.update(event)

        work = [_work(segment, tasks) for segment in segments]
        interrupted = LocalPool(options.workers, options.threads).run(work, on_event)
        for task in interrupted:
            reason = "stopped before it left a snapshot of its last epoch; the same command goes on from an earlier one"
            RunFolder(task.folder).write(task.record("interrupted", reason))
            on_event(RunEnded(task.run_id, "interrupted", reason, {}, 0.0))
    return statuses


GOES_ON = ("planned", "running", "interrupted")
"""What a run is on record as when it is not over; its snapshot, if it left one, is gone on from."""


def segments_of(runs: Sequence[Run], starts: Mapping[str, Start], sharing: bool) -> list[Segment]:
    """Return what there is to train for runs that are not done."""
    return share(runs, starts) if sharing else [alone(run, starts[run.id]) for run in runs]


def _work(segment: Segment, tasks: Mapping[str, Task]) -> Work:
    return Work(
        tuple(tasks[run.id] for run in segment.runs), segment.until, tuple(_work(one, tasks) for one in segment.then)
    )


def _laps(segments: Sequence[Segment]) -> dict[str, list[tuple[int, int]]]:
    """Return by run id the segments it is trained in: (until, how many runs share it)."""
    laps: dict[str, list[tuple[int, int]]] = {}
    for segment in (one for root in segments for one in root.all()):
        for run in segment.runs:
            laps.setdefault(run.id, []).append((segment.until, len(segment.runs)))
    return laps


def _shown(run: Run) -> str:
    return f"{run.label}, once more" if run.replicate else run.label


def _status(folder: Path) -> str | None:
    """Return the status on record; None without a record that can be read."""
    try:
        return RunFolder(folder).read().status
    except (FileNotFoundError, RecordError):
        return None


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
