"""Too little memory, and other trouble of a device: what libraries say of it, and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bench.errors import UserError, brief

_NO_MEMORY = ("out of memory", "can't allocate memory", "unable to find an engine", "cublas_status_alloc_failed")
_BROUGHT_DOWN = ("busy or unavailable", "dataloader worker")
"""In what libraries say, in small letters: of too little memory; of a GPU that others have, or a loader that died."""


def is_no_memory(error: Exception) -> bool:
    """Return whether an exception says that memory has run out, of the machine or of a GPU."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _NO_MEMORY)


def size_of(batch: int | None, imgsz: int | None) -> str:
    """Return in words what the memory of a step depends on: images at a time, and their side in pixels."""
    return f"batch={batch} at imgsz={imgsz}"


@contextlib.contextmanager
def as_user_error(batch: int | None, imgsz: int | None, prefix: str = "") -> Iterator[None]:
    """Tell of too little memory, and of a device that somebody else uses, in one line.

    Args:
        batch: images at a time.
        imgsz: their side, in pixels.
        prefix: stands before the name of an option that is to be given.

    Raises:
        UserError: memory has run out, or the device cannot be used.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if is_no_memory(error):
            less = f"give a smaller {prefix}batch or {prefix}imgsz"
            raise UserError(f"out of memory with {size_of(batch, imgsz)}: {less}") from None
        if any(words in str(error).lower() for words in _BROUGHT_DOWN):
            raise UserError(brief(error, 300)) from None
        raise
