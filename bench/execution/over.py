"""Runs that a worker brought to their end before it died: their records stay, and what else it left is removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bench.events import Event, RunEnded
from bench.execution.task import Work
from bench.records import GOES_ON, RunFolder


def without_those_that_are_over(work: Work, emit: Callable[[Event], None]) -> Work:
    """Leave out runs that are over by their records; tell of them.

    Raises:
        StorageError: nobody can tell just now, or what is left over cannot be removed.
    """
    from bench.execution.resume import clear_up  # here: a worker imports this file before it listens for signals

    left = []
    for task in work.tasks:
        record = RunFolder(task.folder).read_if_any()
        if record is None or record.status in GOES_ON:
            left.append(task)
        else:
            clear_up(task.folder, record.status)
            emit(RunEnded.of(record))
    return replace(work, tasks=tuple(left))
