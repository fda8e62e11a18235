"""One training for its own sake: a strategy, and a run folder as Ultralytics' users know it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ultralytics.engine.trainer import BaseTrainer
from ultralytics.utils import YAML
from ultralytics.utils.torch_utils import strip_optimizer

from bench.detector.job import Job
from bench.detector.trainer import PolygonTrainer
from bench.errors import StorageError
from bench.metrics import FIGURE


class RunFolderTrainer(PolygonTrainer):
    """A `PolygonTrainer` that writes `args.yaml`, `results.csv`, `weights/last.pt` and `weights/best.pt`.

    The best is the epoch of the highest mAP50-95 on the validation split. That figure flatters, since the epoch is
    picked on what it is measured on; a study never does that.

    Args:
        job: what to train, one arm.
        folder: the run folder.
        on_epoch: called with every epoch's row.
        words: stand in `args.yaml` in the place of Ultralytics' or beside them, so that it says all that was trained.
    """

    def __init__(
        self, job: Job, folder: Path, on_epoch: Callable[[dict[str, float]], None], words: Mapping[str, Any]
    ) -> None:
        super().__init__(job, folder, lambda rows: on_epoch(rows[0]))
        YAML.save(self.save_dir / "args.yaml", {**vars(self.args), **words})

    def run_folder_settings(self, job: Job) -> dict[str, Any]:
        """Return that checkpoints are written, and stop early as Ultralytics does."""
        return {"save": True, "patience": job.settings.get("patience", 100)}

    def validate(self) -> tuple[dict[str, float], float]:
        """Score the averaged weights; return the figures under Ultralytics' headings, and the fitness."""
        super().validate()
        measured = self._measured[0]
        if measured:
            self.metrics = {f"metrics/{_HEADINGS.get(name, name)}": value for name, value in measured.items()}
            self.fitness = measured[FIGURE]
            if self.best_fitness is None or self.best_fitness < self.fitness:
                self.best_fitness = self.fitness
        return self.metrics, self.fitness

    def save_model(self) -> bool:
        """Write the checkpoints, each whole or not at all.

        Raises:
            StorageError: they cannot be written; those of the epoch before are there.
        """
        last, best = self.last, self.best
        self.last, self.best = (path.with_name(f".{path.name}.tmp") for path in (last, best))
        try:
            saved = BaseTrainer.save_model(self)
            for beside, path in ((self.last, last), (self.best, best)):
                if beside.exists():
                    os.replace(beside, path)
        except OSError as error:
            for beside in (self.last, self.best):
                beside.unlink(missing_ok=True)
            raise _cannot(self.wdir, error) from None
        finally:
            self.last, self.best = last, best
        return saved

    def save_metrics(self, metrics: dict[str, float]) -> None:
        """Write an epoch's row of `results.csv`.

        Raises:
            StorageError: it cannot be written.
        """
        try:
            BaseTrainer.save_metrics(self, metrics)
        except OSError as error:
            raise _cannot(self.csv, error) from None

    def final_eval(self) -> None:
        """Leave the optimiser out of the checkpoints, as Ultralytics does."""
        for path in (self.last, self.best):
            if path.exists():
                strip_optimizer(path)


def _cannot(path: Path, error: OSError) -> StorageError:
    why = error.strerror or type(error).__name__
    return StorageError(f"{path} cannot be written: {why}; mend that, and train again")


_HEADINGS = {"mAP50": "mAP50(P)", "mAP50_95": "mAP50-95(P)", "box_mAP50": "mAP50(B)", "box_mAP50_95": "mAP50-95(B)"}
"""Ultralytics' own: B is the box; P, what a pose model adds, is the polygon's hull here."""
