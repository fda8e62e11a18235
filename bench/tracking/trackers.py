"""What a tracker is, and the one that a run talks to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from bench.evaluation.results import Result
from bench.records import RunRecord

LOGGER = logging.getLogger("bench.tracking")


@dataclass(frozen=True)
class TrackingConfig:
    """Who is told.

    Attributes:
        wandb: `online`, `offline`, `off`, or `auto`: online when a key is configured, otherwise offline.
        tensorboard: write event files.
        folder: the study's; offline files go to `wandb/`, event files to `tensorboard/` in it.
        project: of W&B.
    """

    wandb: str
    tensorboard: bool
    folder: Path
    project: str = "hybrid-loss-bench"


@dataclass(frozen=True)
class RunInfo:
    """A run as a dashboard names it; the attributes are those of `bench.execution.task.Task` and its identity."""

    id: str
    study: str
    label: str
    form: str | None
    seed: int
    strategy: str
    parameters: Mapping[str, Any]
    data: str
    model: str
    settings: Mapping[str, Any]

    @property
    def group(self) -> str:
        """What runs that differ in the seed alone share."""
        return f"{self.label}-{self.form}" if self.form else self.label

    @property
    def name(self) -> str:
        """The run's name."""
        return f"{self.group}-s{self.seed}"


class Tracker(Protocol):
    """Follows one run."""

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Take one epoch's row of history.csv."""

    def log_samples(self, epoch: int, results: Sequence[Result]) -> None:
        """Take what a measured epoch predicts on the images that are followed, after its row."""

    def finish(self, record: RunRecord) -> None:
        """Take the final record, and close."""


def open_trackers(config: TrackingConfig, run: RunInfo, first_epoch: int = 0) -> Tracker:
    """Return a tracker that passes everything on to those the configuration asks for.

    A run that goes on from a snapshot says how many epochs are behind it; they have been told before.

    It never raises, and neither do its methods: a tracker that fails is reported once and dropped.
    """
    openers: dict[str, Callable[[], Tracker]] = {}
    if config.wandb != "off":
        openers["W&B"] = partial(_open_wandb, config, run)
    if config.tensorboard:
        openers["TensorBoard"] = partial(_open_tensorboard, config, run, first_epoch)
    return _Guarded(openers)


def report(what: str, error: Exception) -> None:
    """Warn in one line; what fails in the same way in the next run of this process is not said again."""
    level = logging.DEBUG if (what, type(error)) in _REPORTED else logging.WARNING
    _REPORTED.add((what, type(error)))
    LOGGER.log(level, "%s: %s: %s", what, type(error).__name__, " ".join(str(error).split()))


_REPORTED: set[tuple[str, type[Exception]]] = set()


# Imported when they are opened, under guard: either package may be absent, broken or slow to import.


def _open_wandb(config: TrackingConfig, run: RunInfo) -> Tracker:
    from bench.tracking.weights_and_biases import WandbTracker

    return WandbTracker(config, run)


def _open_tensorboard(config: TrackingConfig, run: RunInfo, first_epoch: int) -> Tracker:
    from bench.tracking.tensorboard import TensorBoardTracker

    return TensorBoardTracker(config, run, first_epoch)


class _Guarded:
    """Passes on to several trackers; one that raises is named once and dropped."""

    def __init__(self, openers: Mapping[str, Callable[[], Tracker]]) -> None:
        self._trackers: dict[str, Tracker] = {}
        for name, opener in openers.items():
            tracker = self._try(name, opener)
            if tracker is not None:
                self._trackers[name] = tracker

    def log_epoch(self, row: Mapping[str, float]) -> None:
        for name, tracker in list(self._trackers.items()):
            self._try(name, partial(tracker.log_epoch, row))

    def log_samples(self, epoch: int, results: Sequence[Result]) -> None:
        for name, tracker in list(self._trackers.items()):
            self._try(name, partial(tracker.log_samples, epoch, results))

    def finish(self, record: RunRecord) -> None:
        for name, tracker in list(self._trackers.items()):
            self._try(name, partial(tracker.finish, record))

    def _try(self, name: str, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except Exception as error:
            self._trackers.pop(name, None)
            report(f"{name} is off for this run", error)
            return None
