"""TensorBoard event files, one folder a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch.utils.tensorboard import SummaryWriter

from bench.evaluation.results import Result
from bench.records import RunRecord
from bench.tracking.metric_names import dashboard_row
from bench.tracking.trackers import RunInfo, TrackingConfig


class TensorBoardTracker:
    """Writes every column of history.csv as a scalar by epoch."""

    def __init__(self, config: TrackingConfig, run: RunInfo, first_epoch: int = 0) -> None:
        folder = config.folder / "tensorboard" / f"{run.name}-{run.id}"
        # What an earlier attempt wrote of epochs that are trained again is purged by the reader; no file is deleted.
        self._writer = SummaryWriter(str(folder), purge_step=first_epoch + bool(first_epoch), flush_secs=10)

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Write one epoch's scalars."""
        for name, value in dashboard_row(row).items():
            self._writer.add_scalar(name, value, int(row["epoch"]))

    def log_samples(self, epoch: int, results: Sequence[Result]) -> None:
        """Write nothing: there are no images here."""

    def finish(self, record: RunRecord) -> None:
        """Write the status and close."""
        self._writer.add_text("status", f"{record.status}: {record.reason}" if record.reason else record.status)
        self._writer.close()
