"""Run records: what a run leaves on disk, and the only thing a report reads."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from bench.errors import StorageError, UserError
from bench.plain import to_plain
from bench.records.schema import FIGURES, misfit

SCHEMA = 1
STATUSES = ("planned", "running", "done", "diverged", "failed", "interrupted")

GOES_ON = ("planned", "running", "interrupted")
"""What a run is on record as when it is not over; its snapshot, if it left one, is gone on from."""
RESUMED = (*GOES_ON, "failed")
"""What a run is on record as when the next command goes on from its snapshot: what it failed of may be mended."""
LOST = ("diverged", "failed")
"""What a run is on record as when it ended by itself and has no figures."""

REMEDY = "set it aside or run again with --fresh"
"""What every message about a record that cannot be read ends with."""


class RecordError(UserError):
    """A record that cannot be read. Its text names the file and what to do."""


class RecordOutOfReach(RecordError, StorageError):
    """A record that cannot be read just now, whatever it holds: nothing may be made of it."""


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
        images: by split, how many the run was trained and scored on; empty until it is scored, or not on record.
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
    images: Mapping[str, int] = field(default_factory=dict)

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
            raise RecordError(f"{where}: no run record; {REMEDY}")
        if raw.get("schema") != SCHEMA or type(raw["schema"]) is not int:
            found = f"{raw.get('schema')!r:.40}"
            raise RecordError(f"{where}: schema {found}, this version reads schema {SCHEMA}; {REMEDY}")
        wrong = misfit(raw)
        if wrong is None and raw["status"] not in STATUSES:
            wrong = f"status is {raw['status']!r:.40}, not one of {', '.join(STATUSES)}"
        if wrong is not None:
            raise RecordError(f"{where}: {' '.join(wrong.split())}; {REMEDY}")
        figures = {
            table: {key: math.nan if value is None else value for key, value in raw.get(table, {}).items()}
            for table in FIGURES
        }
        return cls(**{one.name: raw[one.name] for one in fields(cls) if one.name in raw} | figures)


def order(record: RunRecord) -> tuple[str, str, int, str]:
    """Return what records are sorted by."""
    return record.label, record.form or "", record.seed, record.id


def _parse(text: str | bytes, where: str) -> Any:
    try:
        raw = json.loads(text)
        # Whatever is read can be written again: no NaN, no infinity, no half of a surrogate pair.
        json.dumps(raw, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise RecordError(f"{where}: not valid JSON; {REMEDY}") from None
    return raw
