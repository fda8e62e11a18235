"""What `--fresh` is to repeat, on disk while it does: one that is broken off goes on, and repeats nothing twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.execution.reservation import setting_up
from bench.files import remove, write_atomic
from bench.records import RunFolder, RunRecord

NAME = "fresh.json"
Repeat = Mapping[str, str | None]
"""By run id, a digest of the record that is to be done away with; None for a run that had none."""


def to_repeat(folder: Path, run_ids: Iterable[str]) -> dict[str, str | None]:
    """Return what `--fresh` is to repeat of some runs; nothing is written.

    Of runs whose repeat is under way that is the record that stood when it began; of others the one that stands now.
    """
    known = under_way(folder)
    return {run_id: known[run_id] if run_id in known else _standing(folder / run_id) for run_id in run_ids}


def begin(folder: Path, run_ids: Iterable[str]) -> dict[str, str | None]:
    """Return what `to_repeat` does, and keep it until `end`."""
    with setting_up(folder):
        repeat = to_repeat(folder, run_ids)
        _write(folder, {**under_way(folder), **repeat})
    return repeat


def end(folder: Path, run_ids: Iterable[str]) -> None:
    """Forget the repeat of runs: all of them are over."""
    over = set(run_ids)
    with setting_up(folder):
        _write(folder, {run_id: digest for run_id, digest in under_way(folder).items() if run_id not in over})


def is_repeated(repeat: Repeat, record: RunRecord) -> bool:
    """Whether a record is one that is to be done away with."""
    return record.id in repeat and repeat[record.id] == _digest(record)


def under_way(folder: Path) -> dict[str, str | None]:
    """Return what repeats that have begun and are not over are to do away with; a file that is none says nothing."""
    try:
        found = json.loads((folder / NAME).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    fits = isinstance(found, dict) and all(isinstance(digest, str | None) for digest in found.values())
    return found if fits else {}


def _standing(folder: Path) -> str | None:
    record = RunFolder(folder).read_if_any()
    return None if record is None else _digest(record)


def _digest(record: RunRecord) -> str:
    return hashlib.sha256(record.to_json().encode()).hexdigest()


def _write(folder: Path, repeat: Repeat) -> None:
    if repeat:
        write_atomic(folder / NAME, json.dumps(repeat, indent=1, sort_keys=True) + "\n")
    else:
        remove(folder / NAME)
