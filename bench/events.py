"""What workers tell the parent while they work. Small and picklable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.records import RunRecord


@dataclass(frozen=True)
class RunStarted:
    """A worker took up a run."""

    run_id: str
    worker: int


@dataclass(frozen=True)
class EpochDone:
    """An epoch is over.

    Attributes:
        run_id: of the run.
        epoch: the number of epochs done.
        epochs: of how many.
        loss: mean training loss of the epoch.
        metrics: `mAP50_95` and `full_image` when they were measured, else None.
        seconds: that training took, without measuring.
        runs: how many runs the epoch was trained for.
    """

    run_id: str
    epoch: int
    epochs: int
    loss: float
    metrics: Mapping[str, float] | None
    seconds: float
    runs: int = 1


@dataclass(frozen=True)
class RunParted:
    """The epochs that a run has in common with others are over; it waits until a worker goes on with its own."""

    run_id: str


@dataclass(frozen=True)
class RunEnded:
    """A run is over, well or not; `status` is one of `bench.records.STATUSES`."""

    run_id: str
    status: str
    reason: str | None
    metrics: Mapping[str, float]
    seconds: float

    @classmethod
    def of(cls, record: RunRecord) -> RunEnded:
        """Return what a record says of how its run ended."""
        return cls(record.id, record.status, record.reason, record.metrics, record.timing.get("total_s") or 0.0)


@dataclass(frozen=True)
class Warned:
    """A worker has something to say that takes nothing down, in one line."""

    run_id: str
    text: str


@dataclass(frozen=True)
class WorkOver:
    """A worker is free again; only the pool hears of it.

    Attributes:
        goes_on: what follows the work can begin.
        apart: the work failed, and its runs are to be tried one by one, since only one of them may be to blame.
        stopped: the worker was told to stop, and its runs left snapshots.
        halt: why no other work can succeed either; empty where it can.
    """

    goes_on: bool = False
    apart: bool = False
    stopped: bool = False
    halt: str = ""


Event = RunStarted | EpochDone | RunParted | RunEnded | Warned
"""What there is to tell of a run."""
