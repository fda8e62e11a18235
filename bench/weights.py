"""Reading tensors from disk as data: nothing in a file can run code."""

from __future__ import annotations

import warnings
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch.serialization import save

from bench.errors import StorageError
from bench.files import not_now, out_of_reach


class NoTensors(Exception):
    """A file is cut off, or holds something else than tensors and plain values."""


def to_bytes(value: Any) -> bytes:
    """Return what `load_tensors` reads again.

    Ultralytics puts a function of its own in the place of `torch.save`, which tries again after an error: into the same
    buffer, behind what there is of the first try.
    """
    buffer = BytesIO()
    save(value, buffer)
    return buffer.getvalue()


def load_tensors(path: Path | str, mmap: bool = False) -> Any:
    """Return what `torch.save` wrote, on the CPU.

    Args:
        path: of the file.
        mmap: leave the tensors on disk until they are looked at; only then are they not checked for damage.

    Raises:
        FileNotFoundError: there is none.
        NoTensors: it cannot be read as such.
        StorageError: it cannot be read just now, whatever it holds.
    """
    try:
        if not mmap:
            _check(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that are refused anyway
            return torch.load(path, weights_only=True, map_location="cpu", mmap=mmap)
    except FileNotFoundError:
        raise
    except Exception as error:  # whatever a broken file makes them run into
        if why := _trouble(error):
            raise StorageError(not_now(path, why)) from None
        raise NoTensors(f"{path}: {type(error).__name__}") from None


def _trouble(error: Exception) -> str:
    """Return what is wrong with the machine; empty where it may be the file."""
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in str(error).lower()):
        return "no memory is left"
    return out_of_reach(error) if isinstance(error, OSError) else ""


def _check(path: Path | str) -> None:
    """Hold a file to the checksums that it carries, which torch writes and does not read."""
    with zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None:
            raise zipfile.BadZipFile
