"""What a worker is sent: runs, and where and how to carry them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
        source: where the data set is read from, as the user gave it to `--data`.
        folder: where the record goes.
        device: as Ultralytics takes it.
        val_every: epochs between two measurements.
        snapshot_every: epochs between two snapshots on disk.
        plugins: files or modules to import for strategies.
        pretrained: file of weights to start from; None for none.
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
    pretrained: str | None = None

    def record(self, status: str, reason: str | None = None, earlier: RunRecord | None = None) -> RunRecord:
        """Return the run's record where there is nothing to report but its status.

        Args:
            status: one of `bench.records.STATUSES`.
            reason: in one line, when it did not end well.
            earlier: the record that this one takes the place of, of a run that may go on from its snapshot: what
                trained its epochs so far, and what they left and took, stays on record.
        """
        record = RunRecord(
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
        if earlier is None or earlier.id != self.run_id:
            return record
        return replace(
            record,
            metrics=earlier.metrics,
            timing=earlier.timing,
            provenance=earlier.provenance,
            shared=earlier.shared,
        )

    @property
    def epochs(self) -> int:
        """How many epochs the run has."""
        return self.identity["settings"]["epochs"]


@dataclass(frozen=True)
class Work:
    """Epochs that a worker trains in one go, for one run or for several that are one training so far.

    Attributes:
        tasks: the runs; where they are in the midst of their training is for their snapshots to say.
        until: how many epochs are done when it is over.
        then: what can begin then.
        length: epochs from its beginning to its last run's end, as planned.
        attempts: how many workers have died of it since it last came on.
        reached: how many epochs its snapshots held when a worker last died of it.
        stops: how many were told to stop by someone else than the command.
    """

    tasks: tuple[Task, ...]
    until: int
    then: tuple[Work, ...] = ()
    length: int = 0
    attempts: int = 0
    reached: int = 0
    stops: int = 0

    @property
    def final(self) -> bool:
        """Whether its runs are over when it is."""
        return self.until >= self.tasks[0].epochs

    def again(self, reached: int = 0) -> Work:
        """Return it after a worker has died of it, whose snapshots hold so many epochs."""
        return replace(self, attempts=1 if reached > self.reached else self.attempts + 1, reached=reached)

    def stopped(self) -> Work:
        """Return it after its worker was told to stop, and has left snapshots."""
        return replace(self, stops=self.stops + 1)

    def apart(self) -> list[Work]:
        """Return the work of each of its runs, alone and to the end."""
        return [Work((task,), task.epochs, attempts=self.attempts, reached=self.reached) for task in self.tasks]
