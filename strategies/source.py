"""The code of strategies from outside this package: a run is of the code it was trained with, not of a name."""

from __future__ import annotations

import hashlib
import inspect
import sys
from pathlib import Path

DIGITS = 12


def digest_of(cls: type) -> str | None:
    """Return a digest of the files that define a class and its bases, as they stand; None for this package's own alone.

    What those files import is not looked at.
    """
    texts = [_text(one) for one in cls.__mro__ if not _is_known(one.__module__.partition(".")[0])]
    return hashlib.sha256(b"\0".join(dict.fromkeys(texts))).hexdigest()[:DIGITS] if texts else None


def joined(*digests: str | None) -> str | None:
    """Return one digest for code that consists of several parts; None where none of them is from outside."""
    return "+".join(dict.fromkeys(one for one in digests if one)) or None


def _is_known(package: str) -> bool:
    """Whether it is this package, or Python's own, whose version is on record."""
    return package == __package__ or package in sys.stdlib_module_names


def _text(cls: type) -> bytes:
    """Return the file of a class; the class alone where there is no file, as in a notebook; its name without either."""
    try:
        return Path(sys.modules[cls.__module__].__file__ or "").read_bytes()
    except (KeyError, AttributeError, OSError):
        pass
    try:
        return inspect.getsource(cls).encode()
    except (OSError, TypeError):
        return cls.__qualname__.encode()
