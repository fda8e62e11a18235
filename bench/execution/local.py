"""Worker processes on this machine: each carries out one run after another."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from bench.execution.events import Event, RunEnded, RunStarted
from bench.execution.stop import StopSignal
from bench.execution.task import Task
from bench.records import RunFolder

_TICK = 0.2
"""Seconds after which the parent looks whether it has been told to stop."""
_PATIENCE = 60.0
"""Seconds that workers have to leave a snapshot."""
_SPAWN = multiprocessing.get_context("spawn")  # fork would copy torch's threads and locks in an unknown state


@dataclass
class _Worker:
    number: int
    process: BaseProcess
    connection: Connection
    task: Task | None = None


class LocalPool:
    """Runs tasks in `workers` processes, each with its share of the cores.

    A worker that dies takes down its run, not the study: it is replaced, and the run ends as `failed`.

    Args:
        workers: number of processes.
        threads: torch threads in each.
    """

    def __init__(self, workers: int, threads: int) -> None:
        self.workers = workers
        self.threads = threads

    def run(self, tasks: Sequence[Task], on_event: Callable[[Event], None]) -> list[Task]:
        """Carry out every task, in order.

        Returns:
            On Ctrl-C, the tasks under way that could not end by themselves any more; none in the ordinary case.
        """
        queue = deque(tasks)
        pool = [self._start(number) for number in range(min(self.workers, len(queue)))]
        try:
            with _listening() as asked:
                while not asked and (queue or any(worker.task for worker in pool)):
                    for worker in pool:
                        if worker.task is None and queue:
                            worker.task = queue.popleft()
                            worker.connection.send(worker.task)
                    for worker, event in _events(pool, _TICK):
                        if event is None:
                            on_event(_bury(worker))
                            pool[pool.index(worker)] = self._start(worker.number)
                        else:
                            _pass_on(worker, event, on_event)
                return _interrupt(pool, on_event, asked) if asked else []
        finally:
            _stop(pool)

    def _start(self, number: int) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(theirs, self.threads), name=f"worker-{number}", daemon=True)
        with _environment(OMP_NUM_THREADS=str(self.threads)):
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
    while not stop.asked and (task := connection.recv()) is not None:
        carry_out(task, connection.send, stop)


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


def _events(pool: list[_Worker], timeout: float) -> Iterator[tuple[_Worker, Event | None]]:
    """Yield what busy workers have said when one of them says something, at the latest after the time out.

    None stands for a worker that has died.
    """
    busy = [worker for worker in pool if worker.task]
    ready = wait([worker.connection for worker in busy], timeout)
    for worker in busy:
        if worker.connection in ready:
            try:
                yield worker, worker.connection.recv()
            except (EOFError, ConnectionResetError):
                yield worker, None


def _pass_on(worker: _Worker, event: Event, on_event: Callable[[Event], None]) -> None:
    on_event(replace(event, worker=worker.number) if isinstance(event, RunStarted) else event)
    if isinstance(event, RunEnded):
        worker.task = None


def _bury(worker: _Worker) -> RunEnded:
    """Record that a worker died, and with it its run."""
    worker.process.join()
    code = worker.process.exitcode or 0
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    hint = "; the system may be out of memory: try fewer --workers" if code == -signal.SIGKILL else ""
    assert worker.task is not None
    record = worker.task.record("failed", f"its worker process was ended {how}{hint}")
    RunFolder(worker.task.folder).write(record)
    return RunEnded(record.id, record.status, record.reason, {}, 0.0)


def _interrupt(pool: list[_Worker], on_event: Callable[[Event], None], asked: list[int]) -> list[Task]:
    """Tell busy workers to stop, and wait until each has left a snapshot and its record.

    Returns:
        The tasks of those that died over it, took too long, or were not waited for since it was asked for again.
    """
    for worker in pool:
        if worker.task is not None:
            worker.process.terminate()
    deadline = time.monotonic() + _PATIENCE
    dead: list[Task] = []
    while len(asked) < 2 and any(worker.task for worker in pool) and time.monotonic() < deadline:
        for worker, event in _events(pool, _TICK):
            if event is not None:
                _pass_on(worker, event, on_event)
            elif worker.task is not None:
                dead.append(worker.task)
                worker.task = None
    return dead + [worker.task for worker in pool if worker.task is not None]


def _stop(pool: list[_Worker]) -> None:
    for worker in pool:
        if worker.task is not None:
            worker.process.kill()
            continue
        with contextlib.suppress(OSError):
            worker.connection.send(None)
    for worker in pool:
        worker.process.join(timeout=10)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set environment variables while a child is started; it inherits them, this process gets its own back."""
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
