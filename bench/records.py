"""Run records: what a run leaves on disk, and the only thing a report reads."""

from __future__ import annotations

import contextlib
import gzip
import json
import math
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.errors import StorageError, UserError

SCHEMA = 1
STATUSES = ("planned", "running", "done", "diverged", "failed", "interrupted")

GOES_ON = ("planned", "running", "interrupted")
"""What a run is on record as when it is not over; its snapshot, if it left one, is gone on from."""
RESUMED = (*GOES_ON, "failed")
"""What a run is on record as when the next command goes on from its snapshot: what it failed of may be mended."""
LOST = ("diverged", "failed")
"""What a run is on record as when it ended by itself and has no figures."""

_REMEDY = "set it aside or run again with --fresh"


class RecordError(UserError):
    """A record that cannot be read. Its text names the file and what to do."""


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
        metrics: of the last epoch, once the run is done; before, and where it diverged or failed, only what its stages
            were scored by when they ended, as `stage1_full_image`. NaN is written as null.
        ledger: history.csv in a few numbers (`bench.ledger`); empty until the run has ended.
        timing: ISO dates in UTC, and seconds.
        provenance: versions, commit, hardware.
        shared: by run id, how many of the first epochs were trained once for this run and for that.
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
    ledger: Mapping[str, float] = field(default_factory=dict)
    shared: Mapping[str, int] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether the run has figures."""
        return self.status == "done"

    @property
    def form(self) -> str | None:
        """The MGIoU form; None where the strategy gives MGIoU no weight."""
        return self.identity["form"]

    @property
    def replicate(self) -> int:
        """0; a higher number for the same run once more."""
        return self.identity.get("replicate", 0)

    @property
    def seed(self) -> int:
        """The seed that pairs this run with those of other strategies."""
        return self.identity["seed"]

    def to_json(self) -> str:
        """Return the record as JSON text, the same for the same record."""
        return json.dumps(to_plain(asdict(self)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, where: str = "record") -> RunRecord:
        """Read what `to_json` wrote. A key that is not part of this form is passed over.

        Args:
            text: of `run.json`.
            where: the file, for the message.

        Raises:
            RecordError: the text is something else; its message starts with `where`.
        """
        raw = _parse(text, where)
        if not isinstance(raw, dict):
            raise RecordError(f"{where}: no run record; {_REMEDY}")
        if raw.get("schema") != SCHEMA or type(raw["schema"]) is not int:
            found = f"{raw.get('schema')!r:.40}"
            raise RecordError(f"{where}: schema {found}, this version reads schema {SCHEMA}; {_REMEDY}")
        wrong = _misfit(raw, _REQUIRED, "", required=True) or _misfit(raw, _OPTIONAL, "", required=False)
        if wrong is None and raw["status"] not in STATUSES:
            wrong = f"status is {raw['status']!r:.40}, not one of {', '.join(STATUSES)}"
        if wrong is None:
            wrong = next(
                (
                    f"{table}.{key:.40} is no number"
                    for table in ("metrics", "ledger", "shared")
                    for key, value in raw.get(table, {}).items()
                    if not (_is_epochs(value) if table == "shared" else _is_figure(value))
                ),
                None,
            )
        if wrong is not None:
            raise RecordError(f"{where}: {' '.join(wrong.split())}; {_REMEDY}")
        figures = {
            table: {key: math.nan if value is None else value for key, value in raw.get(table, {}).items()}
            for table in ("metrics", "ledger")
        }
        return cls(**{one.name: raw[one.name] for one in fields(cls) if one.name in raw} | figures)


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
        """Move a `run.json` that cannot be read out of the way; return where it is now."""
        aside = self.path / "run.json.unreadable"
        os.replace(self.path / "run.json", aside)
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
        """Read `run.json`; None where there is none that can be read."""
        try:
            return self.read()
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
            raise RecordError(f"{path}: no table; {_REMEDY}") from None

    def write_bootstrap(self, figures: Sequence[float]) -> None:
        """Write `bootstrap.json`: mAP50-95 under each resample of the validation images, the same for every run."""
        write_atomic(self.path / "bootstrap.json", json.dumps(to_plain(list(figures))))

    def write_predictions(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Write `predictions.json.gz`, COCO results; the same bytes for the same results."""
        self._write_packed("predictions.json.gz", list(results))

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
            raise RecordError(f"{self.path / name}: no COCO results; {_REMEDY}")
        return value


def _are_results(value: Any) -> bool:
    return isinstance(value, list)


def _are_samples(value: Any) -> bool:
    return isinstance(value, dict) and all(epoch.isdecimal() and _are_results(one) for epoch, one in value.items())


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


def order(record: RunRecord) -> tuple[str, str, int, str]:
    """Return what records are sorted by."""
    return record.label, record.form or "", record.seed, record.id


def write_atomic(path: Path, content: str | bytes, *, replace: bool = True) -> None:
    """Write a file so that a reader, or a machine that dies, finds the old one or the new one and nothing between.

    Args:
        path: of the file; its folder is made.
        content: of the file.
        replace: whether it takes the place of one that is there; otherwise that one stays.

    Raises:
        StorageError: it cannot be written. Nothing of it is left.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            # A traceback may quote a file name that is no Unicode; it must not cost the file.
            file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            _move_if_absent(temporary, path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise StorageError(f"{path} cannot be written: {why}; mend that, and give the same command again") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _move_if_absent(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except (FileExistsError, FileNotFoundError):  # another process was first; it may have cleared this one away, too
        pass
    except OSError:  # a file system without links
        if not path.exists():
            os.replace(temporary, path)


def to_plain(value: Any) -> Any:
    """Return a value that JSON can hold: mappings and lists all the way down, what is not finite as None."""
    if isinstance(value, Mapping):
        return {to_plain(str(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, np.generic):
        return to_plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # half a surrogate pair, as in undecodable file names
    return value


_NUMBER = (int, float, type(None))
_TEXT = (str, type(None))

_REQUIRED: dict[str, Any] = {
    "id": str,
    "study": str,
    "identity": {
        "strategy": {"name": str, "parameters": dict},
        "form": _TEXT,
        "data": {"name": str, "fingerprint": str, "vertices": int},
        "seed": int,
        "model": str,
        "settings": dict,
    },
    "status": str,
    "reason": _TEXT,
    "label": str,
    "metrics": dict,
    "timing": dict,
    "provenance": dict,
}
_OPTIONAL: dict[str, Any] = {
    "identity": {"strategy": {"source": str}, "model_digest": str},
    "ledger": dict,
    "shared": dict,
    "timing": {
        "started": _TEXT,
        "finished": _TEXT,
        "train_s": _NUMBER,
        "eval_s": _NUMBER,
        "total_s": _NUMBER,
        "cpu_s": _NUMBER,
        "memory_mib": _NUMBER,
        "saved_s": _NUMBER,
    },
    "provenance": {
        "versions": dict,
        "commit": _TEXT,
        "dirty": _TEXT,
        "hardware": {"cpu": _TEXT, "cores": _NUMBER, "device": _TEXT, "threads": _NUMBER},
        "deterministic": bool,
    },
}
"""What a run that has not started does not have yet."""


def _parse(text: str | bytes, where: str) -> Any:
    try:
        raw = json.loads(text)
        # Whatever is read can be written again: no NaN, no infinity, no half of a surrogate pair.
        json.dumps(raw, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise RecordError(f"{where}: not valid JSON; {_REMEDY}") from None
    return raw


def _misfit(values: Any, shape: Mapping[str, Any], prefix: str, required: bool) -> str | None:
    """Return what first differs from a shape, or None."""
    for key, wanted in shape.items():
        name = f"{prefix}{key}"
        if key not in values:
            if required:
                return f"{name} is missing"
            continue
        nested = isinstance(wanted, dict)
        value, kind = values[key], dict if nested else wanted
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            return f"{name} is of the wrong type"
        if nested and (wrong := _misfit(value, wanted, f"{name}.", required)):
            return wrong
    return None


def _is_figure(value: Any) -> bool:
    """Whether a value is null, or a number that a float can hold."""
    if value is None or isinstance(value, float):
        return True
    return type(value) is int and abs(value) < 2**63


def _is_epochs(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; {_REMEDY}") from None
