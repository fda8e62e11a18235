"""What a run that was cut short goes on from: `snapshot.pt` in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.files import half_written, remove, write_atomic
from bench.plain import to_plain
from bench.records import RESUMED
from bench.sharing import Start
from bench.weights import NoTensors, load_tensors, to_bytes

NAME = "snapshot.pt"


@dataclass
class Progress:
    """How far a run has come at the end of an epoch.

    Attributes:
        rows: of history.csv so far.
        metrics: that stages left behind.
        seconds: training and evaluation so far, as in the record's timing.
        shared: by run id, how many of the first epochs were trained together with another run.
        samples: by the number of epochs done, what was predicted on the images that are followed.
        started: when the first attempt began, ISO date in UTC; empty before.
        trainer: `PolygonTrainer.snapshot()`; None before the first epoch is over.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    shared: dict[str, int] = field(default_factory=dict)
    samples: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    started: str = ""
    trainer: dict[str, Any] | None = None


class UnreadableSnapshot(Exception):
    """A snapshot that cannot be gone on from; the text says where it has been set aside."""


def write_progress(folder: Path, identity: Mapping[str, Any], progress: Progress) -> None:
    """Write a run's snapshot, in the place of an earlier one."""
    write_atomic(folder / NAME, to_bytes({"identity": _text(identity), **vars(progress)}))


def read_progress(folder: Path, identity: Mapping[str, Any]) -> Progress:
    """Return what a run left, or empty progress. The file is read as data; it cannot run code.

    Raises:
        UnreadableSnapshot: it is cut off, of another version, or of another run.
    """
    path = folder / NAME
    try:
        raw = _read(path, identity)
    except UnreadableSnapshot:
        raise UnreadableSnapshot(set_aside(folder)) from None
    return Progress() if raw is None else Progress(**raw)


def start_of(folder: Path, identity: Mapping[str, Any]) -> Start:
    """Return what a run has behind it, without reading the weights; nothing where its snapshot cannot be read."""
    try:
        raw = _read(folder / NAME, identity, mmap=True)
    except UnreadableSnapshot:
        return Start()
    return Start() if raw is None else Start(len(raw["rows"]), raw["shared"])


def rows_so_far(folder: Path, identity: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rows of history.csv up to a run's snapshot, without reading the weights; none without one."""
    try:
        raw = _read(folder / NAME, identity, mmap=True)
    except UnreadableSnapshot:
        return []
    return [] if raw is None else raw["rows"]


def set_aside(folder: Path) -> str:
    """Move a snapshot that nothing can go on from out of the way; return what to tell of it."""
    path = folder / NAME
    aside = path.with_suffix(".unreadable")
    path.replace(aside)
    return f"{path} cannot be gone on from; set aside as {aside.name}, the run starts again"


def remove_progress(folder: Path) -> None:
    """Remove a snapshot that nothing will go on from."""
    (folder / NAME).unlink(missing_ok=True)


def left_over(folder: Path) -> list[Path]:
    """Return what a run that nothing will go on from has no use for; a process that was killed has left it."""
    return [*half_written(folder), *folder.glob(NAME)]


def clear_up(folder: Path, status: str) -> None:
    """Remove what is left over of a run that is over; one that failed goes on from its snapshot.

    Raises:
        StorageError: it cannot be removed.
    """
    if status not in RESUMED:
        for path in left_over(folder):
            remove(path)


def _read(path: Path, identity: Mapping[str, Any], mmap: bool = False) -> dict[str, Any] | None:
    """Return the fields of `Progress`; None without a file."""
    try:
        raw = load_tensors(path, mmap)
    except FileNotFoundError:
        return None
    except NoTensors:
        raise UnreadableSnapshot from None
    if isinstance(raw, dict):
        raw.pop("told", None)  # in snapshots of earlier versions: what trackers had been told
    if not isinstance(raw, dict) or raw.keys() != {"identity", *vars(Progress())} or raw["identity"] != _text(identity):
        raise UnreadableSnapshot
    if not all(isinstance(raw[key], kind) for key, kind in _KINDS.items()):
        raise UnreadableSnapshot
    if not all(isinstance(row, dict) for row in raw["rows"]) or not all(map(_is_count, raw["shared"].values())):
        raise UnreadableSnapshot
    if raw["rows"] and (raw["trainer"] is None or raw["trainer"].get("epoch") != len(raw["rows"]) - 1):
        raise UnreadableSnapshot
    return {key: value for key, value in raw.items() if key != "identity"}


_KINDS = {
    "rows": list,
    "metrics": dict,
    "seconds": dict,
    "shared": dict,
    "samples": dict,
    "trainer": dict | None,
}


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _text(identity: Mapping[str, Any]) -> str:
    return json.dumps(to_plain(identity), sort_keys=True)
