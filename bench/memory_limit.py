"""How much memory a container leaves this process."""

from __future__ import annotations

from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")


def left() -> int | None:
    """Return the bytes that this control group may still take; None where it has no limit, or does not tell.

    Files that were read count as taken, until somebody needs their memory: they are not counted here.
    """
    try:
        limit, taken = (int((_GROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        parts = dict(line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())
        return max(0, limit - taken + int(parts["inactive_file"]))
    except (OSError, ValueError, KeyError):  # no such files, "max", or another version's
        return None
