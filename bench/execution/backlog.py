"""Hands out what is left to do of a study, looking anew whenever a worker is free: another command may be at it too."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from bench.events import Event, RunEnded, RunStarted, Warned
from bench.execution.fresh import Repeat
from bench.execution.left import goes_on, left_of, read_record, segments_of
from bench.execution.reservation import COMMANDS, Reservations
from bench.execution.resume import clear_up, left_over, remove_progress, start_of
from bench.execution.task import Task, Work
from bench.files import half_written, remove
from bench.records import GOES_ON, RecordError, RunFolder, RunRecord
from bench.sharing import Segment
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
        at_start: by run id, what was on record when this command began; what it has planned itself included.
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
        self.at_start = {run.id: read_record(tasks[run.id].folder) for run in runs}
        self.starts, self.segments = left_of(folder, runs, self.at_start, sharing=sharing, repeat=repeat)
        self.statuses = {run.id: "planned" if run.id in self.starts else "done" for run in runs}
        self._batches = _batches(runs)
        self._groups = sorted(map(self._group, self.segments), key=lambda group: group.turn)
        self._ready: list[Work] = []
        self._elsewhere: set[str] = set()
        self._looked = -_LOOK_AGAIN

    def plan(self) -> None:
        """Write that the runs are planned, where there is no record of them; clear up after those that are done."""
        for run_id in self._tasks.keys() - self.starts.keys():
            self._clear_up(run_id)
        for run_id in self.starts:
            if self.at_start[run_id] is None:
                RunFolder(self._tasks[run_id].folder).write_first(self._tasks[run_id].record("planned"))
                self.at_start[run_id] = read_record(self._tasks[run_id].folder)

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
            # A pause for each that is known to be elsewhere would make a look last longer than the time between two.
            if self._reservations.take(group.run_ids, patient=group.is_free(self._elsewhere)):
                self._groups.remove(group)
                self._elsewhere -= set(group.run_ids)
                left = [run_id for run_id in group.run_ids if not self._is_over(run_id)]
                for run_id in left:
                    self._prepare(run_id)
                segments = segments_of([self._runs[run_id] for run_id in left], self.starts, self._sharing)
                found = [self._work(segment) for segment in segments]
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
        record = read_record(self._tasks[run_id].folder)
        if not isinstance(record, RunRecord) or record.status in GOES_ON or self._is_as_it_was(record):
            return False
        clear_up(self._tasks[run_id].folder, record.status)
        self.ended(run_id, record.status)
        self.on_event(RunEnded.of(record))
        return True

    def _clear_up(self, run_id: str) -> None:
        """Remove what a worker has left that was killed as soon as its run was done."""
        folder = self._tasks[run_id].folder
        if left_over(folder) and self._reservations.take([run_id]):
            record = read_record(folder)  # anew: another command may repeat the run
            if isinstance(record, RunRecord):
                clear_up(folder, record.status)
            self._reservations.release([run_id])

    def _prepare(self, run_id: str) -> None:
        """Clear away what must not mix with what comes, and read how far the run has come."""
        task, record = self._tasks[run_id], read_record(self._tasks[run_id].folder)
        for path in half_written(task.folder):
            remove(path)
        if isinstance(record, RecordError):
            aside = RunFolder(task.folder).set_aside()
            remove_progress(task.folder)  # of what it is a snapshot nobody can tell any more
            self.on_event(Warned(run_id, f"{record}: it is set aside as {aside.name}, and the run starts again"))
        elif not isinstance(record, RunRecord) or self._begins_again(record):
            remove(task.folder / "run.json")  # first: a record without its files would be a lie
            shutil.rmtree(task.folder, ignore_errors=True)
            RunFolder(task.folder).write(task.record("planned"))
        elif record.status not in GOES_ON:  # it failed, and may do better now
            remove(task.folder / "error.log")
            RunFolder(task.folder).write(task.record("planned", earlier=record))
        self.starts[run_id] = start_of(task.folder, task.identity)

    def _begins_again(self, record: RunRecord) -> bool:
        """Whether a run starts from nothing whatever is in its folder."""
        if not goes_on(record, self._repeat):
            return True
        task = self._tasks[record.id]
        return record.status not in GOES_ON and not start_of(task.folder, task.identity).epochs

    def _is_as_it_was(self, record: RunRecord) -> bool:
        before = self.at_start[record.id]
        return isinstance(before, RunRecord) and record.to_json() == before.to_json()  # NaN is not equal to itself

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
