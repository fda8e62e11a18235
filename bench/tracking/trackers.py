"""What a tracker is, and the one that a run talks to."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bench.errors import brief
from bench.evaluation.results import Result
from bench.records import RunRecord

if TYPE_CHECKING:
    from bench.tracking.pictures import Picture, Pictures
    from datasets import DataSet

EVENTS = "tensorboard"
"""The folder of event files in a study's."""
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
    """Follows one run. It is told of every epoch from the first on, again when the run goes on after a stop."""

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Take one epoch's row of history.csv."""

    def log_samples(self, epoch: int, results: Sequence[Result]) -> None:
        """Take what a measured epoch predicts on the images that are followed, after its row."""

    def finish(self, record: RunRecord) -> None:
        """Take the final record, and close."""


class Channel(Protocol):
    """Where a tracker passes on to; it may raise whatever it likes.

    Attributes:
        logged: how many epochs it has from an earlier attempt; it is not told of them again.
    """

    logged: int

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Take one epoch's row of history.csv."""

    def log_picture(self, epoch: int, picture: Picture) -> None:
        """Take what a measured epoch predicts, drawn, after its row."""

    def finish(self, record: RunRecord) -> None:
        """Take the final record, and close."""


def open_trackers(
    config: TrackingConfig, run: RunInfo, logged: int = 0, data: Callable[[], DataSet] | None = None
) -> Tracker:
    """Return a tracker that passes everything on to those the configuration asks for.

    It never raises, and neither do its methods: a channel that fails is reported once and dropped, and so are pictures.

    Args:
        config: who is told.
        run: which run.
        logged: how many epochs an earlier attempt has told of, up to the snapshot that the run goes on from.
        data: gives the data set, for pictures; it is called when there is something to draw. None: no pictures.
    """
    openers: dict[str, Callable[[], Channel]] = {}
    if config.wandb != "off":
        openers["W&B"] = partial(_open_wandb, config, run, logged)
    if config.tensorboard:
        openers["TensorBoard"] = partial(_open_tensorboard, config, run, logged)
    return _Guarded(openers, data)


def report(what: str, error: Exception) -> None:
    """Warn in one line; what fails in the same way in the next run of this process is not said again."""
    level = logging.DEBUG if (what, type(error)) in _REPORTED else logging.WARNING
    _REPORTED.add((what, type(error)))
    LOGGER.log(level, "%s: %s", what, brief(error))


_REPORTED: set[tuple[str, type[Exception]]] = set()


# Imported when they are opened, under guard: either package may be absent, broken or slow to import.


def _open_wandb(config: TrackingConfig, run: RunInfo, logged: int) -> Channel:
    from bench.tracking.weights_and_biases import WandbTracker

    return WandbTracker(config, run, logged)


def _open_tensorboard(config: TrackingConfig, run: RunInfo, logged: int) -> Channel:
    from bench.tracking.tensorboard import TensorBoardTracker

    return TensorBoardTracker(config, run, logged)


class _Guarded:
    """Passes on to several channels; one that raises is named once and dropped."""

    def __init__(self, openers: Mapping[str, Callable[[], Channel]], data: Callable[[], DataSet] | None = None) -> None:
        self._channels: dict[str, Channel] = {}
        self._data = data
        self._pictures: Pictures | None = None
        for name, opener in openers.items():
            channel = self._try(name, opener)
            if channel is not None:
                self._channels[name] = channel

    def log_epoch(self, row: Mapping[str, float]) -> None:
        self._tell(lambda channel: channel.log_epoch(row), int(row["epoch"]))

    def log_samples(self, epoch: int, results: Sequence[Result]) -> None:
        wanted = self._data is not None and any(epoch > channel.logged for channel in self._channels.values())
        picture = self._drawn(results) if wanted else None
        if picture is not None:
            self._tell(lambda channel: channel.log_picture(epoch, picture), epoch)

    def finish(self, record: RunRecord) -> None:
        self._tell(lambda channel: channel.finish(record))

    def _drawn(self, results: Sequence[Result]) -> Picture | None:
        try:
            from bench.tracking.pictures import Pictures

            assert self._data is not None
            self._pictures = self._pictures or Pictures(self._data)
            return self._pictures.draw(results)
        except Exception as error:
            self._data = None
            report("pictures are off for this run", error)
            return None

    def _tell(self, action: Callable[[Channel], None], epoch: float = math.inf) -> None:
        for name, channel in list(self._channels.items()):
            if epoch > channel.logged:
                self._try(name, partial(action, channel))

    def _try(self, name: str, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except Exception as error:
            self._channels.pop(name, None)
            report(f"{name} is off for this run", error)
            return None
