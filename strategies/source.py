"""Where strategies are from, and the code of those from outside: a run is of that, and not of a name."""

from __future__ import annotations

import hashlib
import inspect
import sys
from pathlib import Path

DIGITS = 12
FAMILIES = ("baselines", "static", "scheduled", "two_stage", "adaptive", "rescue", "controls", "hybrid")
"""The modules of strategies that come with this package, in the order of DESIGN's table."""

_OWN = {f"{__package__}.{module}" for module in ("base", *FAMILIES)}


def digest_of(cls: type) -> str | None:
    """Return a digest of the files that define a class and its bases, as they stand; None for this package's own alone.

    A file that somebody drops into this package is none of its own. What the files import is not looked at.
    """
    texts = [_text(one) for one in cls.__mro__ if not is_known(one)]
    return hashlib.sha256(b"\0".join(dict.fromkeys(texts))).hexdigest()[:DIGITS] if texts else None


def joined(*digests: str | None) -> str | None:
    """Return one digest for code that consists of several parts; None where none of them is from outside."""
    return "+".join(dict.fromkeys(one for one in digests if one)) or None


def is_known(cls: type) -> bool:
    """Whether a class comes with this package or with Python, whose versions are on record."""
    return cls.__module__ in _OWN or cls.__module__.partition(".")[0] in sys.stdlib_module_names


def file_of(cls: type) -> str:
    """Return the file that defines a class; nothing where there is none, as in a notebook."""
    return getattr(sys.modules.get(cls.__module__), "__file__", None) or ""


def place_of(cls: type) -> str:
    """Return where a class is defined, as `file, line 12`; its module where that cannot be told."""
    try:
        return f"{inspect.getsourcefile(cls)}, line {inspect.getsourcelines(cls)[1]}"
    except (OSError, TypeError):
        return cls.__module__


def _text(cls: type) -> bytes:
    """Return the file of a class; the class alone where there is no file, as in a notebook; its name without either."""
    try:
        return Path(file_of(cls)).read_bytes()
    except OSError:
        pass
    try:
        return inspect.getsource(cls).encode()
    except (OSError, TypeError):
        return cls.__qualname__.encode()
