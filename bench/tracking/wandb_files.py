"""The files that W&B writes offline: whether one is whole, and out of the way with one that is not."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from pathlib import Path

_MAGIC, _FILE_HEADER = b":W&B", 7
_BLOCK = 32768
_RECORD_HEADER = struct.Struct("<IHB")
"""Checksum, length, and which part of a record it is: whole, first, middle, last. LevelDB's log format."""
_WHOLE, _LAST = 1, 4
_ENDING = 8
"""Records among which the one that a run's end leaves is looked for."""


def is_closed(path: Path) -> bool:
    """Return whether a `.wandb` file is there, is whole, and ends as a run's does that was finished.

    W&B's process may have been killed, and one that still writes is not at the end yet.
    """
    from google.protobuf.message import DecodeError
    from wandb.proto.wandb_internal_pb2 import Record

    try:
        ending = deque(_records(path.read_bytes()), maxlen=_ENDING)
        return any(Record.FromString(one).WhichOneof("record_type") == "exit" for one in ending)
    except (OSError, ValueError, DecodeError):
        return False


def is_synced(path: Path) -> bool:
    """Return whether `wandb sync` has brought a file to the server, of which it leaves a mark."""
    return path.with_name(f"{path.name}.synced").exists()


def set_aside(folder: Path, run_id: str) -> None:
    """Take what earlier attempts at a run left on disk out of the reach of `wandb sync`; nothing is deleted.

    Args:
        folder: the study's.
        run_id: W&B's.
    """
    for path in (folder / "wandb").glob(f"*run-*/run-{run_id}.wandb"):
        path.rename(path.with_suffix(".wandb.superseded"))


def _records(content: bytes) -> Iterator[bytes]:
    """Yield the records of a file.

    Raises:
        ValueError: it breaks off.
    """
    if content[: len(_MAGIC)] != _MAGIC:
        raise ValueError("no file of W&B's")
    position, parts = _FILE_HEADER, b""
    while position < len(content):
        left = _BLOCK - position % _BLOCK
        if left < _RECORD_HEADER.size:  # padding
            position += left
            continue
        if position + _RECORD_HEADER.size > len(content):
            raise ValueError("breaks off in a header")
        _, length, kind = _RECORD_HEADER.unpack_from(content, position)
        position += _RECORD_HEADER.size
        if position + length > len(content):
            raise ValueError("breaks off in a record")
        parts += content[position : position + length]
        position += length
        if kind in (_WHOLE, _LAST):
            yield parts
            parts = b""
    if parts:
        raise ValueError("breaks off between parts of a record")
