"""The records of a study, read from its folder."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.records.record import RecordError, RunRecord, order
from bench.records.run_folder import RunFolder


def read_bootstraps(folder: Path, records: Sequence[RunRecord]) -> dict[str, np.ndarray]:
    """Return by run id what `RunFolder.write_bootstrap` wrote; a run without one, or with half of one, is left out."""
    found = {}
    for record in records:
        with contextlib.suppress(OSError, ValueError):
            vector = np.asarray(json.loads((folder / record.id / "bootstrap.json").read_bytes()), dtype=np.float64)
            if vector.ndim == 1:
                found[record.id] = vector
    return found


def load_study(folder: Path) -> list[RunRecord]:
    """Return the records of a study, by label, form, seed and id. A folder without `run.json` is none of its runs.

    Raises:
        RecordError: one of them cannot be read, or two are of the same run; they are named.
    """
    records: dict[str, tuple[Path, RunRecord]] = {}
    for path in sorted(folder.glob("*/run.json")):
        try:
            record = RunFolder(path.parent).read()
        except FileNotFoundError:  # a study that is under way has started this run afresh
            continue
        if record.id in records:
            raise RecordError(f"{path}: the same run as {records[record.id][0]}; set one of them aside")
        records[record.id] = path, record
    return sorted((record for _, record in records.values()), key=order)
