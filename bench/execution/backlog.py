"""What is left to do of a study, looked at anew whenever a worker is free: another command may be at it too."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from bench.events import Event, RunEnded, RunStarted, Warned
from bench.execution.fresh import Repeat, is_repeated
from bench.execution.reservation import COMMANDS, Reservations
from bench.execution.resume import remove_progress, start_of
from bench.execution.task import Task, Work
from bench.records import GOES_ON, RESUMED, RecordError, RunRecord
from bench.run_folder import RunFolder
from bench.sharing import Segment, Start, alone, share
from bench.study import Run

_LOOK_AGAIN = 2.0
"""Seconds between two looks at what other commands are doing."""

Turn = tuple[float, int]
"""Batch, and how many epochs the way to the end of a run is, negative: the least is taken first."""
_AT_ONCE, _LAST = -1, (math.inf, 0)


@dataclass(frozen=True)
class _Group:
    """Runs that one command must have all of, since they share what they have in common."""

    run_ids: tuple[str, ...]
    turn: Turn

    def is_free(self, elsewhere: Set[str]) -> bool:
        """Whether no other command was seen to have one of its runs."""
        return elsewhere.isdisjoint(self.run_ids)


class Backlog:
    """Hands out the runs of a study that are not over, those that share a beginning together.

    A run is reserved before it is touched, and its record is read again then: whatever another command has made of it
    meanwhile is taken as it is.

    What comes first is what was broken off; then one seed after the other, so that pairs are complete early; and of a
    seed the longest way to the end of a run, so that no worker is left alone with it (Graham 1969, longest processing
    time first).

    Args:
        folder: the study's.
        runs: all that are to be over in the end.
        tasks: by run id.
        sharing: whether runs share what they have in common.
        repeat: which records are to be done away with, although their runs are over.
        on_event: is told what other commands do.

    Attributes:
        statuses: by run id, as far as this command knows.
        starts: by run id, what those that are not over have behind them.
        segments: what there is to train, as planned at the start.
    """

    def __init__(
        self,
        folder: Path,
        runs: Sequence[Run],
        tasks: Mapping[str, Task],
        sharing: bool,
        repeat: Repeat,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._tasks, self._sharing, self._repeat, self.on_event = tasks, sharing, repeat, on_event
        self._runs = {run.id: run for run in runs}
        self._reservations = Reservations(folder / COMMANDS)
        self._at_start = {run.id: _read(tasks[run.id].folder) for run in runs}
        self.statuses = {
            run_id: "done"
            if isinstance(record, RunRecord) and record.done and not self._is_repeated(record)
            else "planned"
            for run_id, record in self._at_start.items()
        }
        left = [run for run in runs if self.statuses[run.id] != "done"]
        self.starts = {run.id: self._start(run) for run in left}
        self.segments = self._segments(left)
        self._batches = _batches(runs)
        self._groups = sorted(map(self._group, self.segments), key=lambda group: group.turn)
        self._ready: list[Work] = []
        self._elsewhere: set[str] = set()
        self._looked = -_LOOK_AGAIN

    def plan(self) -> None:
        """Write that the runs are planned, where there is no record of them."""
        for run_id in self.starts:
            if self._at_start[run_id] is None:
                RunFolder(self._tasks[run_id].folder).write_first(self._tasks[run_id].record("planned"))
                self._at_start[run_id] = _read(self._tasks[run_id].folder)

    @property
    def empty(self) -> bool:
        """Whether nothing is left, here or with another command."""
        return not self._groups and not self._ready

    def take(self) -> Work | None:
        """Return what to do next; None when there is nothing for now."""
        first = min(map(self._turn, self._ready), default=_LAST)
        others_due = time.monotonic() - self._looked >= _LOOK_AGAIN
        if any(group.turn < first and (others_due or group.is_free(self._elsewhere)) for group in self._groups):
            self._look(first)
        if not self._ready:
            return None
        work = min(self._ready, key=self._turn)
        self._ready.remove(work)
        return work

    def put_back(self, work: Sequence[Work]) -> None:
        """Take what follows on work that is over, or was broken off."""
        self._ready.extend(work)

    def ended(self, run_id: str, status: str) -> None:
        """Note that a run is over, or stopped; one that was stopped may still be gone on with here."""
        self.statuses[run_id] = status
        if status not in GOES_ON:
            self._reservations.release([run_id])

    def close(self) -> None:
        """Give back what is reserved."""
        self._reservations.close()

    def _look(self, first: Turn) -> None:
        """Reserve the first group before that turn which no other command has a run of, and plan what is left of it."""
        self._looked = time.monotonic()
        for group in [group for group in self._groups if group.turn < first]:
            if self._reservations.take(group.run_ids):
                self._groups.remove(group)
                self._elsewhere -= set(group.run_ids)
                left = [run_id for run_id in group.run_ids if not self._is_over(run_id)]
                for run_id in left:
                    self._prepare(run_id)
                found = [self._work(segment) for segment in self._segments([self._runs[i] for i in left])]
                self._ready.extend(found)
                if found:
                    return
            else:
                for run_id in group.run_ids:
                    if run_id not in self._elsewhere and self._reservations.others(run_id):
                        self._elsewhere.add(run_id)
                        self.on_event(RunStarted(run_id, -1))

    def _is_over(self, run_id: str) -> bool:
        """Return whether another command has brought a run to its end since this one started; tell so."""
        record = _read(self._tasks[run_id].folder)
        if not isinstance(record, RunRecord) or record.status in GOES_ON or self._is_as_it_was(record):
            return False
        self.ended(run_id, record.status)
        self.on_event(RunEnded.of(record))
        return True

    def _prepare(self, run_id: str) -> None:
        """Clear away what must not mix with what comes, and read how far the run has come."""
        task, record = self._tasks[run_id], _read(self._tasks[run_id].folder)
        for half_written in task.folder.glob(".*.tmp"):  # by a process that was killed
            half_written.unlink(missing_ok=True)
        if isinstance(record, RecordError):
            aside = RunFolder(task.folder).set_aside()
            remove_progress(task.folder)  # of what it is a snapshot nobody can tell any more
            self.on_event(Warned(run_id, f"{record}: it is set aside as {aside.name}, and the run starts again"))
        elif not isinstance(record, RunRecord) or self._begins_again(record):
            (task.folder / "run.json").unlink(missing_ok=True)  # first: a record without its files would be a lie
            shutil.rmtree(task.folder, ignore_errors=True)
            RunFolder(task.folder).write(task.record("planned"))
        elif record.status not in GOES_ON:  # it failed, and may do better now
            (task.folder / "error.log").unlink(missing_ok=True)
            RunFolder(task.folder).write(task.record("planned"))
        self.starts[run_id] = start_of(task.folder, task.identity)

    def _begins_again(self, record: RunRecord) -> bool:
        """Whether a run starts from nothing whatever is in its folder."""
        if record.status not in RESUMED or self._is_repeated(record):
            return True
        task = self._tasks[record.id]
        return record.status not in GOES_ON and not start_of(task.folder, task.identity).epochs

    def _is_repeated(self, record: RunRecord) -> bool:
        """Whether what a run has come to is to be done away with, as `--fresh` wants it of what was there before."""
        return is_repeated(self._repeat, record)

    def _is_as_it_was(self, record: RunRecord) -> bool:
        before = self._at_start[record.id]
        return isinstance(before, RunRecord) and record.to_json() == before.to_json()  # NaN is not equal to itself

    def _start(self, run: Run) -> Start:
        record = self._at_start[run.id]
        goes_on = isinstance(record, RunRecord) and record.status in RESUMED and not self._is_repeated(record)
        return start_of(self._tasks[run.id].folder, run.identity) if goes_on else Start()

    def _segments(self, runs: Sequence[Run]) -> list[Segment]:
        return segments_of(runs, self.starts, self._sharing)

    def _work(self, segment: Segment) -> Work:
        return Work(
            tuple(self._tasks[run.id] for run in segment.runs),
            segment.until,
            tuple(self._work(one) for one in segment.then),
            segment.length,
        )

    def _group(self, segment: Segment) -> _Group:
        ids = tuple(run.id for run in segment.runs)
        return _Group(ids, (self._batches[ids[0]], -segment.length))

    def _turn(self, work: Work) -> Turn:
        broken_off = work.attempts or work.stops
        return (_AT_ONCE if broken_off else self._batches[work.tasks[0].run_id], -work.length)


def _batches(runs: Sequence[Run]) -> dict[str, int]:
    """Return by run id the number of the batch it belongs to: the runs of one data set and seed."""
    numbers: dict[tuple[str, int], int] = {}
    return {run.id: numbers.setdefault((run.data["fingerprint"], run.seed), len(numbers)) for run in runs}


def left_to_do(folder: Path, runs: Sequence[Run], *, sharing: bool, repeat: Repeat) -> list[Segment]:
    """Return what there is to train of runs that are not over, as the folder stands; nothing is written.

    Args:
        folder: the study's.
        runs: all that are to be over in the end.
        sharing: whether runs share what they have in common.
        repeat: which records are to be done away with.
    """
    starts = {}
    for run in runs:
        record = RunFolder(folder / run.id).read_if_any()
        status = record.status if record and not is_repeated(repeat, record) else None
        if status != "done":
            starts[run.id] = start_of(folder / run.id, run.identity) if status in RESUMED else Start()
    left = [run for run in runs if run.id in starts]
    return segments_of(left, starts, sharing)


def segments_of(runs: Sequence[Run], starts: Mapping[str, Start], sharing: bool) -> list[Segment]:
    """Return what there is to train of some runs."""
    return share(runs, starts) if sharing else [alone(run, starts[run.id]) for run in runs]


def _read(folder: Path) -> RunRecord | RecordError | None:
    """Return a run's record; the error where it cannot be read; None where there is none."""
    try:
        return RunFolder(folder).read()
    except FileNotFoundError:
        return None
    except RecordError as error:
        return error
