"""One run among those that a worker trains: how far it has come, and its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import torch

import strategies
from bench.arm import Arm
from bench.detector.job import Outcome, StageEnd
from bench.detector.snapshot import Snapshot, of_arm
from bench.detector.stages import stage_starts
from bench.errors import UserError
from bench.evaluation.bootstrap import image_bootstrap
from bench.evaluation.results import Result
from bench.execution.redact import redacted
from bench.execution.resume import Progress, read_progress, remove_progress, write_progress
from bench.execution.task import Task
from bench.files import half_written, remove, write_atomic
from bench.ledger import summarise
from bench.provenance import after
from bench.records import GOES_ON, RESUMED, RunFolder, RunRecord
from bench.tracking import RunInfo, Tracker, open_trackers
from bench.weights import to_bytes
from datasets import DataSet


class Member:
    """A run that is being trained, alone or with others.

    Args:
        task: the run.

    Attributes:
        progress: how far it has come.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.folder = RunFolder(task.folder)
        self.progress = Progress()
        self._images: dict[str, int] = {}
        self._before: dict[str, float] = {}
        self._tracker: Tracker | None = None

    def arm(self) -> Arm:
        """Return what tells the run from those it is trained with."""
        return Arm(strategy_of(self.task.identity), self.task.identity["form"])

    def check_code(self) -> None:
        """Make sure that the strategy's code is what the run's identity says.

        Raises:
            UserError: a plug-in has been changed since the study began.
        """
        if strategy_of(self.task.identity).source_digest() != self.task.identity["strategy"].get("source"):
            raise UserError(f"{self.task.label}: its plug-in changed while the study ran; start it again")

    def resume(self) -> None:
        """Go on from the snapshot that an earlier attempt left.

        Raises:
            UnreadableSnapshot: it cannot be gone on from.
        """
        self.progress = read_progress(self.task.folder, self.task.identity)
        self._before = dict(self.progress.seconds)

    def forget(self) -> None:
        """Start from the first epoch, whatever there is on disk."""
        self.progress, self._before = Progress(), {}

    def begin(self, provenance: Mapping[str, Any]) -> None:
        """Write that the run is under way, and clear away what a worker that was killed has half written."""
        for path in half_written(self.task.folder):
            remove(path)
        self.progress.started = self.progress.started or now()
        before = self.folder.read_if_any() if self.progress.rows else None
        self._record = replace(
            self.task.record("running"),
            timing={"started": self.progress.started},
            provenance=after(before.provenance, provenance) if before else provenance,
        )
        self.folder.write(self._record)

    def track(self, data: Callable[[], DataSet]) -> None:
        """Open the trackers and tell them of the epochs so far; each passes over those that it has.

        Args:
            data: gives the run's data set.
        """
        run = RunInfo.of(self._record)
        self._tracker = open_trackers(self.task.tracking, run, goes_on=bool(self.progress.rows), data=data)
        for row in self.progress.rows:
            self._tell(row)

    def epoch_is_over(self, row: dict[str, float], samples: list[Result] | None = None) -> None:
        """Take an epoch's row, and what it predicts on the images that are followed, if it was measured."""
        self.progress.rows.append(row)
        if samples is not None:
            self.progress.samples[len(self.progress.rows)] = samples
        if self._tracker is not None:
            self._tell(row)

    def stage_is_over(self, end: StageEnd) -> None:
        """Keep what a stage leaves."""
        self._store_weights(f"stage{end.number}.pt", end.state_dict)
        metrics = self.progress.metrics
        metrics.update({f"stage{end.number}_{key}": value for key, value in end.metrics.items()})
        metrics[f"stage{end.number}_epoch"] = end.epoch

    def keep(self, snapshot: Snapshot, arm: int, spent: Mapping[str, float], others: Sequence[str]) -> None:
        """Write a snapshot of the run.

        Args:
            snapshot: of the trainer.
            arm: which of its arms the run is.
            spent: as `seconds` takes it.
            others: ids of the runs that the epochs of this attempt are trained with.
        """
        epoch = snapshot["epoch"] + 1
        self.progress = replace(
            self.progress,
            shared={**self.progress.shared, **dict.fromkeys(others, epoch)},
            trainer=of_arm(snapshot, arm),
        )
        # Rows of an epoch that was broken off are no part of it.
        rows = self.progress.rows[:epoch]
        samples = {done: results for done, results in self.progress.samples.items() if done <= epoch}
        kept = replace(self.progress, rows=rows, samples=samples, seconds=self._seconds(spent))
        write_progress(self.task.folder, self.task.identity, kept)
        self._write_what_there_is(epoch)  # for who looks at a run while it is under way

    def score(self, outcome: Outcome, arm: int, data: DataSet) -> None:
        """Write what the last epoch leaves."""
        self.folder.write_predictions(outcome.predictions)
        self._store_weights("weights.pt", outcome.state_dict)
        self.progress.metrics.update(outcome.metrics[arm], final_epoch=len(self.progress.rows))
        self._images = {split.name: len(split.images) for split in (data.train, data.val)}
        self.folder.write_bootstrap(image_bootstrap(data.val.coco, outcome.predictions, data.fingerprint).tolist())

    def close(self, status: str, reason: str | None, spent: Mapping[str, float], others: Sequence[str]) -> RunRecord:
        """Write the run's record as it now stands; the arguments are those of `keep`."""
        rows = self.progress.rows
        self._write_what_there_is(len(rows))
        ended = status not in GOES_ON
        record = replace(
            self._record,
            status=status,
            reason=reason and redacted(reason),
            metrics=self.progress.metrics,
            timing={**self._record.timing, **self._seconds(spent), "finished": now()},
            ledger=_ledger(self.task, rows) if ended else {},
            shared={**self.progress.shared, **dict.fromkeys(others, len(rows))},
            images=self._images,
        )
        self.folder.write(record)
        if status not in RESUMED:
            remove_progress(self.task.folder)
        if self._tracker is not None:
            self._tracker.finish(record)
        return record

    def _write_what_there_is(self, epochs: int) -> None:
        if epochs:
            self.folder.write_history(self.progress.rows[:epochs])
        samples = {done: results for done, results in self.progress.samples.items() if done <= epochs}
        if samples:
            self.folder.write_samples(samples)

    def _tell(self, row: Mapping[str, float]) -> None:
        assert self._tracker is not None
        epoch = int(row["epoch"])
        self._tracker.log_epoch(row)
        if epoch in self.progress.samples:
            self._tracker.log_samples(epoch, self.progress.samples[epoch])

    def _seconds(self, spent: Mapping[str, float]) -> dict[str, float]:
        """Return the times of all attempts together; of memory the peak."""
        memory = max(spent.get("memory_mib", 0.0), self._before.get("memory_mib", 0.0))
        summed = {
            key: spent.get(key, 0.0) + self._before.get(key, 0.0)
            for key in {**spent, **self._before}
            if key != "memory_mib"
        }
        return {**summed, **({"memory_mib": memory} if memory else {})}

    def _store_weights(self, name: str, state_dict: dict[str, torch.Tensor]) -> None:
        write_atomic(
            self.task.folder / name, to_bytes({"identity": dict(self.task.identity), "state_dict": state_dict})
        )


def strategy_of(identity: Mapping[str, Any]) -> strategies.Strategy:
    """Return the strategy that a run's identity names."""
    chosen = identity["strategy"]
    return strategies.build(chosen["name"], {**chosen["parameters"], **chosen.get("drawn", {})})


def now() -> str:
    """Return the time, ISO date in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _ledger(task: Task, rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    if not rows:
        return {}
    try:
        starts = stage_starts(strategy_of(task.identity), task.epochs)
    except strategies.StrategyError:  # its plug-in is not there any more, which is what the run has failed of
        return {}
    return summarise(rows, task.epochs, [starts[epoch] for epoch in sorted(starts)])
