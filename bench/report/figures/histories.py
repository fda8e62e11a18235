"""Histories of runs, as curves over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.records import RecordError, RunFolder
from bench.report.model import Row


@dataclass(frozen=True)
class Curve:
    """A column by epoch, over the runs of a row.

    Attributes:
        epochs: (E,), those at which every run has it, so that no mean jumps because a run is missing.
        values: (R, E), a row a run.
    """

    epochs: NDArray[np.float64]
    values: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Over the runs, (E,)."""
        return self.values.mean(0)

    @property
    def low(self) -> NDArray[np.float64]:
        """The least of the runs, (E,)."""
        return self.values.min(0)

    @property
    def high(self) -> NDArray[np.float64]:
        """The greatest of the runs, (E,)."""
        return self.values.max(0)


class Histories:
    """What is on record of some rows, epoch by epoch.

    Args:
        folder: the study's, with a folder a run.
        rows: of a comparison; no two of one name.
    """

    def __init__(self, folder: Path, rows: Sequence[Row]) -> None:
        self._by_name = {row.name: _read_histories(folder, row) for row in rows}
        # Every chart asks several times, for which rows have it, for their captions and for the lines.
        self._curves: dict[tuple[str, str], Curve | None] = {}

    def curve(self, name: str, column: str) -> Curve | None:
        """Return a row's curve of a column; None where there is none."""
        if (name, column) not in self._curves:
            self._curves[name, column] = curve(self._by_name[name], column)
        return self._curves[name, column]


def _read_histories(folder: Path, row: Row) -> list[pd.DataFrame]:
    """Return the histories of a row's runs that are done, by seed; what cannot be read is passed over."""
    done = sorted((seed for seed in row.seeds if seed.status == "done"), key=lambda one: one.seed)
    found = (read_history(folder, seed.run_id) for seed in done)
    return [table for table in found if table is not None]


def read_history(folder: Path, run_id: str) -> pd.DataFrame | None:
    """Return a run's history as numbers, indexed by epoch; None where there is none that can be read."""
    try:
        table = RunFolder(folder / run_id).read_history()
    except (OSError, ValueError, RecordError):
        return None
    if "epoch" not in table:
        return None
    numbers = table.apply(pd.to_numeric, errors="coerce").astype(np.float64).replace([np.inf, -np.inf], np.nan)
    return numbers.dropna(subset="epoch").drop_duplicates("epoch", keep="last").set_index("epoch")


def curve(histories: Sequence[pd.DataFrame], column: str) -> Curve | None:
    """Return a column over the runs that have it; None where there is no epoch at which all of these do."""
    measured = [table[column].dropna() for table in histories if column in table and table[column].notna().any()]
    if not measured:
        return None
    both = pd.concat(measured, axis=1, join="inner").sort_index()
    return Curve(both.index.to_numpy(np.float64), both.to_numpy(np.float64).T) if len(both) else None
