"""Who carries out which run, when several commands work on one folder: a lock a run, kept by the operating system.

A lock is one byte of a file, so that it works wherever POSIX locks do, network file systems included, and is gone with
the process that held it, however that ended: there is no stale lock to judge.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.errors import UserError

try:
    import fcntl
except ImportError:  # Windows: one command at a time
    fcntl = None  # type: ignore[assignment]

SETTING_UP = ".study.lock"
_WHOLE = "0"
COMMANDS, WORKERS = ".runs.lock", ".workers.lock"
"""Locked by the command that carries a run out, and by its worker process, which may outlive it by a moment."""
_TRIES, _PAUSE = 3, 0.05
_WORKER_PATIENCE = 60.0
"""Seconds that a worker waits for that of a command that was killed."""


class StillWorkedOn(Exception):
    """A run's files are still being written by a worker whose command is gone."""


class Reservations:
    """Runs that this process carries out and no other does.

    POSIX locks are a process's, and are lost when it closes any descriptor of the file: one object a process and file.

    Args:
        path: of the file; made when it is not there. Its folder is there.

    Attributes:
        refusal: why the file system keeps no locks, once it has refused one: whoever asks then has it. Empty otherwise.

    Raises:
        UserError: it cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        self.refusal = ""
        self._held: set[str] = set()
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise UserError(f"{path} cannot be written to: {error.strerror}") from None

    def take(self, run_ids: Iterable[str], *, patient: bool = True) -> bool:
        """Reserve all of these runs, or none of them when another process has one.

        Args:
            run_ids: of the runs.
            patient: whether to wait a tenth of a second for who only looks whether a run is free; whoever knows that
                another command has one, and asks again before long, need not.
        """
        taken: list[str] = []
        for run_id in run_ids:
            if run_id in self._held:
                continue
            if not self._lock(run_id, _TRIES if patient else 1):
                self.release(taken)
                return False
            self._held.add(run_id)
            taken.append(run_id)
        return True

    def release(self, run_ids: Iterable[str]) -> None:
        """Give runs back; those that are not reserved are passed over."""
        for run_id in run_ids:
            if run_id in self._held:
                self._held.remove(run_id)
                if fcntl is not None:
                    with contextlib.suppress(OSError):
                        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _offset(run_id))

    def others(self, run_id: str) -> bool | None:
        """Return whether another process has a run; None where no locks are kept, so that it cannot be seen."""
        if run_id in self._held:
            return False
        free = self.take([run_id])
        self.release([run_id])
        return None if fcntl is None or self.refusal else not free

    def close(self) -> None:
        """Give everything back."""
        os.close(self._file)
        self._held.clear()

    def _lock(self, run_id: str, tries: int) -> bool:
        if fcntl is None:
            return True
        for attempt in range(tries):  # `bench status` holds a lock for a moment to see whether it is free
            if attempt:
                time.sleep(_PAUSE)
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(run_id))
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EAGAIN):
                    continue
                self.refusal = error.strerror
                return True  # as on Windows
            return True
        return False


@contextlib.contextmanager
def setting_up(folder: Path) -> Iterator[str]:
    """Let one command at a time decide how a study is set up; the others wait, and find what it has decided.

    Yields:
        Why the file system keeps no locks; empty where it does.

    Raises:
        UserError: the folder cannot be written to.
    """
    locks = Reservations(folder / SETTING_UP)
    try:
        while not locks.take([_WHOLE]):
            time.sleep(0.2)
        yield locks.refusal
    finally:
        locks.close()


@contextlib.contextmanager
def working_on(folder: Path, run_ids: Iterable[str]) -> Iterator[None]:
    """Hold a worker's locks on runs, once the worker of a command that was killed has let go of them.

    Args:
        folder: the study's.
        run_ids: of the runs.

    Raises:
        StillWorkedOn: it has not in a minute.
    """
    folder.mkdir(parents=True, exist_ok=True)
    locks, wanted = Reservations(folder / WORKERS), list(run_ids)
    try:
        deadline = time.monotonic() + _WORKER_PATIENCE
        while not locks.take(wanted):
            if time.monotonic() > deadline:
                raise StillWorkedOn(
                    f"a process of another command still works on it in {folder}; end that, then run again"
                )
            time.sleep(0.2)
        yield
    finally:
        locks.close()


def _offset(run_id: str) -> int:
    """Return a run's byte: ids are hexadecimal hashes."""
    return int(run_id[:15], 16)
