"""Folders that are made: whole or not at all, whoever else makes the same."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from datasets.errors import DataError

Maker = Callable[[Path], None]


def default_cache() -> Path:
    """Return `$BENCH_CACHE`, else `hybrid-loss-bench` in the user's cache.

    Raises:
        DataError: there is neither a cache nor a home.
    """
    if chosen := os.environ.get("BENCH_CACHE"):
        return Path(chosen)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hybrid-loss-bench"
    except RuntimeError:
        raise DataError("this user has no home folder to keep data in; set BENCH_CACHE") from None


def made(folder: Path, make: Maker, *, what: str, remedy: str = "set BENCH_CACHE", replace: bool = False) -> Path:
    """Return a folder, made now if it is not there.

    Args:
        folder: where it is to be.
        make: fills an empty folder, which is then moved in.
        what: opens every message.
        remedy: ends every message.
        replace: make it anew and take away what is there.

    Raises:
        DataError: it cannot be written, or what `make` raises. Nothing is left of it, and what was there stays.
    """
    if os.path.isdir(folder) and not replace:
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise DataError(f"{what} cannot be made in {folder.parent}: {error.strerror}; {remedy}") from None
    new, old = beside / "new", beside / "old"
    try:
        new.mkdir()
        make(new)
        if replace and folder.is_dir():
            os.replace(folder, old)
        os.replace(new, folder)
    except OSError as error:
        if old.is_dir():
            os.replace(old, folder)
        if replace or not folder.is_dir():  # otherwise another process was first, and made the same
            raise DataError(f"{what} cannot be made in {folder.parent}: {error.strerror}; {remedy}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder
