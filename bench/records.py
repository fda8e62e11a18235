"""Run records: what a run leaves on disk, and the only thing a report reads."""

from __future__ import annotations

import contextlib
import gzip
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from bench.errors import UserError

SCHEMA = 1
STATUSES = ("planned", "running", "done", "diverged", "failed", "interrupted")


class RecordError(UserError):
    """A record that cannot be read. Its text names the file."""


@dataclass(frozen=True)
class RunRecord:
    """What is known of one run; `run.json`, key by key.

    Attributes:
        schema: version of this form.
        id: the run's id, a hash of its identity.
        study: the study's name.
        identity: strategy with parameters, form, data, seed, model, settings.
        status: one of `STATUSES`.
        reason: one line when the run did not end well.
        label: the strategy with the parameters that differ from its defaults.
        metrics: of the last epoch; empty until the run is done. NaN is written as null.
        timing: ISO dates in UTC, and seconds.
        provenance: versions, commit, hardware.
    """

    schema: int
    id: str
    study: str
    identity: Mapping[str, Any]
    status: str
    reason: str | None
    label: str
    metrics: Mapping[str, float]
    timing: Mapping[str, Any]
    provenance: Mapping[str, Any]

    @property
    def done(self) -> bool:
        """Whether the run has figures."""
        return self.status == "done"

    @property
    def form(self) -> str | None:
        """The MGIoU form; None where the strategy gives MGIoU no weight."""
        return self.identity["form"]

    @property
    def seed(self) -> int:
        """The seed that pairs this run with those of other strategies."""
        return self.identity["seed"]

    def to_json(self) -> str:
        """Return the record as JSON text, the same for the same record."""
        return json.dumps(to_plain(asdict(self)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, where: str = "record") -> RunRecord:
        """Read what `to_json` wrote.

        Raises:
            RecordError: the text is something else; its message starts with `where`.
        """
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError):
            raise RecordError(f"{where}: no JSON; set it aside, or repeat the run with --fresh") from None
        if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
            found = raw.get("schema") if isinstance(raw, dict) else None
            raise RecordError(f"{where}: schema {found!r}, this version reads {SCHEMA}; repeat the run with --fresh")
        missing = [f.name for f in fields(cls) if f.name not in raw]
        if missing:
            raise RecordError(f"{where}: {', '.join(missing)} missing; set it aside, or repeat the run with --fresh")
        wrong = _wrong(raw)
        if wrong:
            raise RecordError(f"{where}: {wrong}; set it aside, or repeat the run with --fresh")
        metrics = {key: math.nan if value is None else value for key, value in raw["metrics"].items()}
        return cls(**{f.name: raw[f.name] for f in fields(cls)} | {"metrics": metrics})


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

    def read(self) -> RunRecord:
        """Read `run.json`.

        Raises:
            FileNotFoundError: there is none.
            RecordError: it cannot be read.
        """
        path = self.path / "run.json"
        return RunRecord.from_json(path.read_bytes(), str(path))

    def write_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write `history.csv`, a row an epoch; what was not measured in an epoch is empty."""
        write_atomic(self.path / "history.csv", pd.DataFrame(list(rows)).to_csv(index=False))

    def read_history(self) -> pd.DataFrame:
        """Read `history.csv`."""
        return pd.read_csv(self.path / "history.csv")

    def write_predictions(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Write `predictions.json.gz`, COCO results."""
        text = json.dumps(list(results), separators=(",", ":"), allow_nan=False)
        write_atomic(self.path / "predictions.json.gz", gzip.compress(text.encode(), mtime=0))

    def read_predictions(self) -> list[dict[str, Any]]:
        """Read `predictions.json.gz`."""
        return json.loads(gzip.decompress((self.path / "predictions.json.gz").read_bytes()))


def load_study(folder: Path) -> list[RunRecord]:
    """Return the records of a study, by label, form, seed and id.

    Raises:
        RecordError: one of them cannot be read; it is named.
    """
    records = [RunFolder(path.parent).read() for path in sorted(folder.glob("*/run.json"))]
    return sorted(records, key=lambda record: (record.label, record.form or "", record.seed, record.id))


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader, or a machine that dies, finds the old one or the new one and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path) as temporary:
        with open(temporary, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


_SHAPE: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "study": str,
    "identity": dict,
    "status": str,
    "reason": (str, type(None)),
    "label": str,
    "metrics": dict,
    "timing": dict,
    "provenance": dict,
}
_IDENTITY: dict[str, type | tuple[type, ...]] = {
    "strategy": dict,
    "form": (str, type(None)),
    "data": dict,
    "seed": int,
    "model": str,
    "settings": dict,
}


def _wrong(raw: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a record's values, or None."""
    for where, shape, values in (("", _SHAPE, raw), ("identity.", _IDENTITY, raw["identity"])):
        if not isinstance(values, dict):
            return "identity is no object"
        for key, wanted in shape.items():
            if key not in values or not isinstance(values[key], wanted) or isinstance(values[key], bool):
                return f"{where}{key} is missing or of the wrong type"
    if raw["status"] not in STATUSES:
        return f"status {raw['status']!r} is unknown"
    if not all(value is None or _is_number(value) for value in raw["metrics"].values()):
        return "a metric is no number"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def to_plain(value: Any) -> Any:
    """Return a value that JSON can hold: mappings and lists all the way down, what is not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
