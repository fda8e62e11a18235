"""The folder of a run: its files, each written whole and read strictly."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from bench.errors import StorageError
from bench.files import not_now, out_of_reach, write_atomic
from bench.plain import to_plain
from bench.records.record import REMEDY, RecordError, RecordOutOfReach, RunRecord

_DIGITS = 9
"""Of an epoch's number."""


class RunFolder:
    """The files of one run. Whatever is there is whole: each is written beside its place and moved in.

    Args:
        path: `results/<study>/<run id>`; made when something is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, record: RunRecord) -> None:
        """Write `run.json`."""
        write_atomic(self.path / "run.json", record.to_json())

    def write_first(self, record: RunRecord) -> None:
        """Write `run.json` if there is none; one that another process writes at the same time stays."""
        write_atomic(self.path / "run.json", record.to_json(), replace=False)

    def set_aside(self) -> Path:
        """Move a `run.json` that cannot be read out of the way; return where it is now.

        Raises:
            StorageError: it cannot be moved.
        """
        aside = self.path / "run.json.unreadable"
        try:
            os.replace(self.path / "run.json", aside)
        except OSError as error:
            raise StorageError(f"{self.path / 'run.json'} cannot be set aside: {error.strerror}") from None
        return aside

    def read(self) -> RunRecord:
        """Read `run.json`.

        Raises:
            FileNotFoundError: there is none.
            RecordError: it cannot be read.
        """
        path = self.path / "run.json"
        return RunRecord.from_json(_content(path), str(path))

    def read_if_any(self) -> RunRecord | None:
        """Read `run.json`; None where there is none that holds a record.

        Raises:
            RecordOutOfReach: it cannot be read just now.
        """
        try:
            return self.read()
        except RecordOutOfReach:
            raise
        except (FileNotFoundError, RecordError):
            return None

    def write_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write `history.csv`, a row an epoch; what was not measured in an epoch is empty."""
        write_atomic(self.path / "history.csv", pd.DataFrame(list(rows)).to_csv(index=False, lineterminator="\n"))

    def read_history(self) -> pd.DataFrame:
        """Read `history.csv`; NaN where it is empty.

        Raises:
            FileNotFoundError: there is none.
            RecordError: it cannot be read.
        """
        path = self.path / "history.csv"
        try:
            return pd.read_csv(BytesIO(_content(path)))
        except ValueError:  # pandas' own errors and broken UTF-8 are kinds of it
            raise RecordError(f"{path}: no table; {REMEDY}") from None

    def write_bootstrap(self, figures: Sequence[float]) -> None:
        """Write `bootstrap.json`: mAP50-95 under each resample of the validation images, the same for every run."""
        write_atomic(self.path / "bootstrap.json", json.dumps(to_plain(list(figures))))

    def write_predictions(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Write `predictions.json.gz`, COCO results; the same bytes for the same results."""
        self._write_packed("predictions.json.gz", list(results))

    def has_predictions(self) -> bool:
        """Return whether there is a `predictions.json.gz`."""
        return (self.path / "predictions.json.gz").is_file()

    def read_predictions(self) -> list[dict[str, Any]]:
        """Read `predictions.json.gz`.

        Raises:
            FileNotFoundError: there is none.
            RecordError: it cannot be read.
        """
        return self._read_packed("predictions.json.gz", _are_results)

    def write_samples(self, samples: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
        """Write `samples.json.gz`: by epoch, COCO results on the few images that are followed."""
        self._write_packed("samples.json.gz", {str(epoch): list(results) for epoch, results in samples.items()})

    def read_samples(self) -> dict[int, list[dict[str, Any]]]:
        """Read `samples.json.gz`, by the number of epochs that were done.

        Raises:
            FileNotFoundError: there is none.
            RecordError: it cannot be read.
        """
        found = self._read_packed("samples.json.gz", _are_samples)
        return {int(epoch): results for epoch, results in found.items()}

    def _write_packed(self, name: str, value: Any) -> None:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
        write_atomic(self.path / name, gzip.compress(text.encode(), mtime=0))

    def _read_packed(self, name: str, fits: Callable[[Any], bool]) -> Any:
        content = _content(self.path / name)
        try:
            value = json.loads(gzip.decompress(content))
        except (OSError, EOFError, zlib.error, ValueError, RecursionError):
            value = None
        if not fits(value):
            raise RecordError(f"{self.path / name}: no COCO results; {REMEDY}")
        return value


def _are_results(value: Any) -> bool:
    return isinstance(value, list)


def _are_samples(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_epoch(key) and _are_results(one) for key, one in value.items())


def _is_epoch(key: str) -> bool:
    return key.isdecimal() and len(key) <= _DIGITS


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        if why := out_of_reach(error):
            raise RecordOutOfReach(not_now(path, why)) from None
        raise RecordError(f"{path}: cannot be read: {error.strerror}; {REMEDY}") from None
