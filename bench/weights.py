"""Reading tensors from disk as data: nothing in a file can run code."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch


class NoTensors(Exception):
    """A file is cut off, or holds something else than tensors and plain values."""


def load_tensors(path: Path | str, mmap: bool = False) -> Any:
    """Return what `torch.save` wrote, on the CPU.

    Args:
        path: of the file.
        mmap: leave the tensors on disk until they are looked at; only then are they not checked for damage.

    Raises:
        FileNotFoundError: there is none.
        NoTensors: it cannot be read as such.
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
        raise NoTensors(f"{path}: {type(error).__name__}") from None


def _check(path: Path | str) -> None:
    """Hold a file to the checksums that it carries, which torch writes and does not read."""
    with zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None:
            raise zipfile.BadZipFile
