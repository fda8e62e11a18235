"""What a worker is sent: a run, and where and how to carry it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.records import SCHEMA, RunRecord
from bench.tracking import TrackingConfig


@dataclass(frozen=True)
class Task:
    """One run, in plain values that survive the trip to another process.

    Attributes:
        run_id: the run's id.
        label: its strategy as shown.
        study: the study's name.
        identity: `bench.study.Run.identity`.
        source: data set name or COCO folder, as the user gave it.
        folder: where the record goes.
        device: as Ultralytics takes it.
        val_every: epochs between two measurements.
        snapshot_every: epochs between two snapshots on disk.
        plugins: files or modules to import for strategies.
        tracking: W&B and TensorBoard.
    """

    run_id: str
    label: str
    study: str
    identity: Mapping[str, Any]
    source: str
    folder: Path
    device: str
    val_every: int
    snapshot_every: int
    plugins: tuple[str, ...]
    tracking: TrackingConfig

    def record(self, status: str, reason: str | None = None) -> RunRecord:
        """Return the run's record as long as there is nothing to report."""
        return RunRecord(
            schema=SCHEMA,
            id=self.run_id,
            study=self.study,
            identity=self.identity,
            status=status,
            reason=reason,
            label=self.label,
            metrics={},
            timing={},
            provenance={},
        )
