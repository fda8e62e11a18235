"""Worker processes on this machine: each carries out one run after another."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from bench.execution.events import Event, RunEnded, RunStarted
from bench.execution.task import Task
from bench.records import RunFolder

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
        """Carry out every task; return those that were under way when Ctrl-C came (none in the ordinary case)."""
        queue = deque(tasks)
        pool = [self._start(number) for number in range(min(self.workers, len(queue)))]
        try:
            while queue or any(worker.task for worker in pool):
                for worker in pool:
                    if worker.task is None and queue:
                        worker.task = queue.popleft()
                        worker.connection.send(worker.task)
                for worker, event in _events(pool):
                    if event is None:
                        on_event(_bury(worker))
                        pool[pool.index(worker)] = self._start(worker.number)
                        continue
                    on_event(replace(event, worker=worker.number) if isinstance(event, RunStarted) else event)
                    if isinstance(event, RunEnded):
                        worker.task = None
        except KeyboardInterrupt:
            return [worker.task for worker in pool if worker.task]
        finally:
            _stop(pool)
        return []

    def _start(self, number: int) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(theirs, self.threads), name=f"worker-{number}", daemon=True)
        with _environment(OMP_NUM_THREADS=str(self.threads)):
            process.start()
        theirs.close()
        return _Worker(number, process, ours)


def _serve(connection: Connection, threads: int) -> None:
    """Carry out tasks until the pipe says stop. Runs in the worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    parent = multiprocessing.parent_process()
    if parent is not None:  # a parent that was killed cannot say stop
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()

    import torch

    from bench.execution.worker import carry_out

    torch.set_num_threads(threads)
    while (task := connection.recv()) is not None:
        carry_out(task, connection.send)


def _events(pool: list[_Worker]) -> Iterator[tuple[_Worker, Event | None]]:
    """Wait for what busy workers say; None for one that has died."""
    busy = [worker for worker in pool if worker.task]
    ready = wait([worker.connection for worker in busy])
    for worker in busy:
        if worker.connection in ready:
            try:
                yield worker, worker.connection.recv()
            except (EOFError, ConnectionResetError):
                yield worker, None


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


def _stop(pool: list[_Worker]) -> None:
    for worker in pool:
        if worker.task is not None:
            worker.process.terminate()
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
