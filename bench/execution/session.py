"""A study from plan to records: what is left to do, doing it, and showing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.events import Event, RunEnded
from bench.execution.backlog import Backlog
from bench.execution.fresh import Repeat, begin, end
from bench.execution.local import LocalPool
from bench.execution.task import Task
from bench.records import GOES_ON, LOST, RunFolder, RunRecord
from bench.study import Run
from bench.terminal import PlannedRun, open_view
from bench.tracking import TrackingConfig

FollowUp = Callable[[Sequence[Run], Sequence[Run]], Sequence[Run]]
"""From the runs that are done, and those that diverged or failed, to the runs that they call for."""


@dataclass(frozen=True)
class Options:
    """How a study is carried out; none of it changes a result.

    Attributes:
        folder: the study's folder, one sub-folder a run.
        study: its name.
        sources: where each data set is read from, as the user gave it to `--data`, by the data's fingerprint.
        device: as Ultralytics takes it.
        workers: number of processes.
        threads: torch threads in each.
        val_every: epochs between two measurements of AP.
        snapshot_every: epochs between two snapshots on disk.
        plugins: files or modules that register strategies.
        tracking: W&B and TensorBoard.
        pretrained: file of weights to start from; its content is part of the runs' identity.
        fresh: repeat what is done; what a command that was broken off has repeated is not repeated again.
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
    pretrained: str | None = None


@dataclass(frozen=True)
class Ending:
    """What became of a study.

    Attributes:
        statuses: how many runs have each status; one that was not come to is planned.
        stopped: whether the command was told to stop.
    """

    statuses: Counter[str]
    stopped: bool


def carry_out_study(runs: Sequence[Run], options: Options, follow_up: FollowUp = lambda done, lost: ()) -> Ending:
    """Carry out every run that is not done yet, then what they call for, until nothing more is called for.

    Returns:
        What became of all runs that belong to the study now.
    """
    repeat = begin(options.folder, [run.id for run in runs]) if options.fresh else {}
    planned = {run.id: run for run in runs}
    statuses, stopped = _carry_out(runs, options, repeat)
    while not stopped:
        done, lost = ([run for run in planned.values() if statuses[run.id] in which] for which in (("done",), LOST))
        more = {run.id: run for run in follow_up(done, lost) if run.id not in planned}
        if not more:
            break
        planned |= more
        if options.fresh:
            repeat = begin(options.folder, more)
        ended, stopped = _carry_out(list(more.values()), options, repeat)
        statuses |= ended
    if not stopped:  # also where another command has finished what `--fresh` began
        end(options.folder, planned)
    return Ending(Counter(statuses.values()), stopped)


def _carry_out(runs: Sequence[Run], options: Options, repeat: Repeat) -> tuple[dict[str, str], bool]:
    """Carry out what is not done of a batch.

    Returns:
        Each run's status by id, and whether the command was told to stop.
    """
    tasks = {run.id: _task(run, options) for run in runs}
    backlog = Backlog(options.folder, runs, tasks, options.sharing, repeat)
    pool = LocalPool(options.workers, options.threads)
    try:
        backlog.plan()
        with open_view(_planned(runs, backlog), workers=options.workers) as view:

            def on_event(event: Event) -> None:
                if isinstance(event, RunEnded):
                    backlog.ended(event.run_id, event.status)
                view.update(event)

            backlog.on_event = view.update
            for task in pool.run(backlog, on_event):
                on_event(_given_up(task))
    finally:
        backlog.close()
    return backlog.statuses, pool.stopped


def _given_up(task: Task) -> RunEnded:
    """Record that a run was stopped before it could leave a snapshot, unless it had just come to its end."""
    record = RunFolder(task.folder).read_if_any()
    if record is not None and record.status not in GOES_ON:
        return RunEnded.of(record)
    reason = "stopped before it left a snapshot of its last epoch; it goes on from an earlier one"
    RunFolder(task.folder).write(task.record("interrupted", reason, earlier=record))
    return RunEnded(task.run_id, "interrupted", reason, {}, 0.0)


def _planned(runs: Sequence[Run], backlog: Backlog) -> list[PlannedRun]:
    """Return the runs as the view shows them before anything happens."""
    laps: dict[str, list[tuple[int, int]]] = {}
    for segment in (one for root in backlog.segments for one in root.all()):
        for run in segment.runs:
            laps.setdefault(run.id, []).append((segment.until, len(segment.runs)))
    planned = []
    for run in runs:
        done = backlog.statuses[run.id] == "done"
        begun = backlog.starts[run.id].epochs if run.id in backlog.starts else 0
        record = backlog.at_start[run.id]
        planned.append(
            PlannedRun(
                run_id=run.id,
                label=_shown(run),
                form=run.form,
                seed=run.seed,
                epochs=run.settings["epochs"],
                state="done" if done else "planned",
                done=run.settings["epochs"] if done else begun,
                laps=tuple(laps.get(run.id, ())),
                data=run.data["name"],
                metrics=record.metrics if done and isinstance(record, RunRecord) else {},
            )
        )
    return planned


def _shown(run: Run) -> str:
    return f"{run.label}, once more" if run.replicate else run.label


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
        pretrained=options.pretrained,
    )
