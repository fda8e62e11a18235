"""Worker processes on this machine: each carries out one run after another."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol

from bench.errors import StorageError
from bench.events import Event, RunEnded, RunStarted, Warned, WorkOver
from bench.execution.environment import environment
from bench.execution.lost import EXIT_CODE
from bench.execution.over import without_those_that_are_over
from bench.execution.stop import StopSignal, deaf_to_ctrl_c
from bench.execution.task import Task, Work
from bench.files import in_the_way
from bench.records import GOES_ON, RunFolder

_SIGKILL = getattr(signal, "SIGKILL", 9)  # Windows has none
_TICK = 0.2
"""Seconds after which the parent looks whether it has been told to stop."""
_PATIENCE = 120.0
"""Seconds that workers have to leave a snapshot; a tracker's server alone may take one of these minutes."""
_STOPS = 3
"""How often a run whose worker was told to stop from outside is gone on with by this command."""
_TRIES = 2
"""How many workers may die of a run before it gets on by an epoch that is kept."""
_SPAWN = multiprocessing.get_context("spawn")  # fork would copy torch's threads and locks in an unknown state


class Source(Protocol):
    """Where work comes from."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing left to do, and will be nothing."""

    def take(self) -> Work | None:
        """Return what to do next; None when there is nothing for now."""

    def put_back(self, work: Sequence[Work]) -> None:
        """Take what is to be done before all else, in order."""


@dataclass
class _Worker:
    number: int
    process: BaseProcess
    connection: Connection
    work: Work | None = None


class LocalPool:
    """Does work in `workers` processes, each with its share of the cores.

    A worker that dies takes down its run, not the study: it is replaced, and its work is tried once more, from the last
    snapshot. A run of which two workers have died with no snapshot between them is `failed`; of several trained
    together each is tried alone first.

    Args:
        workers: number of processes.
        threads: torch threads in each.

    Attributes:
        stopped: whether it was told to stop.
    """

    def __init__(self, workers: int, threads: int) -> None:
        self.workers = workers
        self.threads = threads
        self.stopped = False
        self._ended: set[str] = set()

    def run(self, source: Source, on_event: Callable[[Event], None]) -> list[Task]:
        """Do all work that a source has; what follows on a piece comes before what is next in line.

        Returns:
            On Ctrl-C, the runs under way that could not end by themselves any more; none in the ordinary case.

        Raises:
            StorageError: a worker or this process could not write or read, or no worker could be started; the others
                have been stopped, and have left a snapshot.
        """
        pool: list[_Worker] = []
        try:
            with _listening() as asked:
                try:
                    self._work_off(source, pool, on_event, asked)
                except StorageError:
                    self._interrupt(pool, on_event, asked)
                    raise
                except OSError as error:  # no process can be started, say
                    self._interrupt(pool, on_event, asked)
                    raise in_the_way(error) from None
                self.stopped = bool(asked)
                return self._interrupt(pool, on_event, asked) if asked else []
        finally:
            _stop(pool)

    def _work_off(
        self, source: Source, pool: list[_Worker], on_event: Callable[[Event], None], asked: list[int]
    ) -> None:
        """Do all work that a source has, or what there is of it until this process is told to stop."""
        while not asked and (not source.empty or any(worker.work for worker in pool)):
            self._hand_out(source, pool)
            for worker, event in _events(pool, _TICK):
                if event is None:
                    source.put_back(_bury(worker, on_event))
                    pool.remove(worker)
                elif isinstance(event, WorkOver):
                    source.put_back(_next(worker, event))
                    if event.stopped:  # that worker ends itself
                        _end(worker)
                        pool.remove(worker)
                    if event.halt:
                        raise StorageError(event.halt)
                else:
                    self._pass_on(worker, event, on_event)

    def _hand_out(self, source: Source, pool: list[_Worker]) -> None:
        """Give every idle worker something to do; start one when there is none for it."""
        pool[:] = [worker for worker in pool if worker.work is not None or worker.process.is_alive()]
        while sum(worker.work is not None for worker in pool) < self.workers:
            work = source.take()
            if work is None:
                return
            worker = next((one for one in pool if one.work is None), None)
            if worker is None:
                taken = {one.number for one in pool}
                worker = self._start(next(number for number in range(self.workers) if number not in taken))
                pool.append(worker)
            worker.work = work
            with contextlib.suppress(OSError):  # it has just died, which is noticed when it is listened to
                worker.connection.send(replace(work, then=()))

    def _pass_on(self, worker: _Worker, event: Event, on_event: Callable[[Event], None]) -> None:
        if isinstance(event, RunEnded) and event.status not in GOES_ON:
            self._ended.add(event.run_id)
        on_event(replace(event, worker=worker.number) if isinstance(event, RunStarted) else event)

    def _interrupt(self, pool: list[_Worker], on_event: Callable[[Event], None], asked: list[int]) -> list[Task]:
        """Tell busy workers to stop, and wait until each has left a snapshot and its record.

        Returns:
            The runs of those that died over it, took too long, or were not waited for since it was asked for again.
        """
        for worker in pool:
            if worker.work is not None:
                worker.process.terminate()
        deadline = time.monotonic() + _PATIENCE
        lost: list[Task] = []
        while len(asked) < 2 and any(worker.work for worker in pool) and time.monotonic() < deadline:
            for worker, event in _events(pool, _TICK):
                if isinstance(event, WorkOver):
                    worker.work = None
                elif event is not None:
                    self._pass_on(worker, event, on_event)
                elif worker.work is not None:
                    lost += worker.work.tasks
                    worker.work = None
        lost += [task for worker in pool if worker.work is not None for task in worker.work.tasks]
        return [task for task in lost if task.run_id not in self._ended]

    def _start(self, number: int) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        # Not daemonic, which would forbid it loader processes of its own; it ends with its parent all the same.
        process = _SPAWN.Process(target=_serve, args=(theirs, self.threads), name=f"worker-{number}")
        with environment(OMP_NUM_THREADS=str(self.threads)), deaf_to_ctrl_c():
            process.start()
        theirs.close()
        return _Worker(number, process, ours)


def _serve(connection: Connection, threads: int) -> None:
    """Carry out tasks until the pipe says stop. Runs in the worker process."""
    stop = StopSignal()
    stop.listen()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    parent = multiprocessing.parent_process()
    if parent is not None:  # a parent that was killed cannot say stop
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()

    import torch

    from bench.execution.worker import carry_out

    torch.set_num_threads(threads)
    while not stop.asked and (work := connection.recv()) is not None:
        connection.send(carry_out(work, connection.send, stop))


@contextlib.contextmanager
def _listening() -> Iterator[list[int]]:
    """Yield a list that grows with every Ctrl-C and SIGTERM, instead of an exception in the midst of a message.

    A signal that this process was started to ignore stays ignored.
    """
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, lambda number, frame: asked.append(number))
    try:
        yield asked
    finally:
        for number in taken:
            signal.signal(number, before[number])


def _events(pool: list[_Worker], timeout: float) -> Iterator[tuple[_Worker, Event | WorkOver | None]]:
    """Yield all that busy workers have said when one of them says something, at the latest after the time out.

    None stands for a worker that has died. Nothing follows that, or the end of a worker's work.
    """
    busy = [worker for worker in pool if worker.work]
    if not busy:
        time.sleep(timeout)
    ready = wait([worker.connection for worker in busy], timeout)
    for worker in busy:
        if worker.connection in ready:
            for event in _said(worker.connection):
                yield worker, event
        # Processes that load images for it hold its end of the pipe, and may outlive it.
        elif not worker.process.is_alive() and not worker.connection.poll():
            yield worker, None


def _said(connection: Connection) -> Iterator[Event | WorkOver | None]:
    """Yield what there is in a pipe that has something, up to the end of the work or, as None, of the worker."""
    event: Event | WorkOver | None = None
    while not isinstance(event, WorkOver):
        try:
            if event is not None and not connection.poll():
                return
            event = connection.recv()
        except (EOFError, OSError):  # in the midst of a message, too
            yield None
            return
        yield event


def _next(worker: _Worker, over: WorkOver) -> list[Work]:
    """Take a worker's work from it; return what there is to do now."""
    work, worker.work = worker.work, None
    assert work is not None
    if over.apart:
        return work.apart()
    if over.stopped and work.stops < _STOPS:  # by someone else than this command, the system say
        return [work.stopped()]
    return list(work.then) if over.goes_on else []


def _bury(worker: _Worker, on_event: Callable[[Event], None]) -> list[Work]:
    """Tell that a worker died, and of those of its runs that are over; return what is to be tried again."""
    from bench.execution.resume import start_of  # here: a worker imports this file before it listens for signals

    worker.process.join()
    assert worker.work is not None
    # It may have died with its run's end behind it, while trackers were told: nothing is left to try, and that record
    # is not to be written over.
    work = without_those_that_are_over(worker.work, on_event)
    if not work.tasks:
        return []
    code = worker.process.exitcode or 0
    how = f"its worker process was ended {f'by {signal.Signals(-code).name}' if code < 0 else f'with exit code {code}'}"
    if code == EXIT_CODE:
        how = "the GPU no longer answered its worker process, of which error.log in its folder tells more"
    hint = "; the system may be out of memory: try fewer --workers" if code == -_SIGKILL else ""
    reached = min(start_of(task.folder, task.identity).epochs for task in work.tasks)
    work = work.again(reached)
    if work.attempts < _TRIES or len(worker.work.tasks) > 1:
        for task in work.tasks:
            on_event(Warned(task.run_id, f"{how}{hint}; it is tried once more"))
        return [work] if work.attempts < _TRIES else work.apart()
    (task,) = work.tasks
    folder = RunFolder(task.folder)
    record = task.record("failed", f"{how}, twice{hint}", earlier=folder.read_if_any())
    folder.write(record)
    on_event(RunEnded(record.id, record.status, record.reason, {}, 0.0))
    return []


def _end(worker: _Worker) -> None:
    worker.process.join(timeout=10)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()


def _stop(pool: list[_Worker]) -> None:
    for worker in pool:
        if worker.work is not None:
            worker.process.kill()
            continue
        with contextlib.suppress(OSError):
            worker.connection.send(None)
    for worker in pool:
        _end(worker)
