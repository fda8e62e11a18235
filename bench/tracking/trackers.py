"""What a tracker is, and the one that a run talks to."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bench.errors import brief
from bench.evaluation.results import Result
from bench.records import GOES_ON, RunRecord
from bench.tracking.accounts import ONLINE, Account, digest_of, note, read_accounts

if TYPE_CHECKING:
    from bench.tracking.pictures import Picture, Pictures
    from datasets import DataSet

WANDB, TENSORBOARD = "W&B", "TensorBoard"
"""The channels there are."""
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
    """A run as a dashboard names it.

    Attributes:
        id: of the run.
        study: its name.
        label: the strategy with the parameters that differ from its defaults.
        identity: `bench.study.Run.identity`.
    """

    id: str
    study: str
    label: str
    identity: Mapping[str, Any]

    @classmethod
    def of(cls, record: RunRecord) -> RunInfo:
        """Return the run that a record is of."""
        return cls(record.id, record.study, record.label, record.identity)

    @property
    def form(self) -> str | None:
        """The MGIoU form; None where the strategy gives MGIoU no weight."""
        return self.identity["form"]

    @property
    def seed(self) -> int:
        """What makes runs of different strategies a pair."""
        return self.identity["seed"]

    @property
    def strategy(self) -> str:
        """The strategy's name."""
        return self.identity["strategy"]["name"]

    @property
    def data(self) -> str:
        """The data set's name."""
        return self.identity["data"]["name"]

    @property
    def config(self) -> dict[str, Any]:
        """Whatever the run is told by, with the names that one filters by: all of its identity, and nothing twice."""
        strategy, data = self.identity["strategy"], self.identity["data"]
        rest = {key: value for key, value in self.identity.items() if key not in ("strategy", "data")}
        return {
            "run_id": self.id,
            "label": self.label,
            "study": self.study,
            "replicate": 0,
            **rest,
            "strategy": strategy["name"],
            **{key: value for key, value in strategy.items() if key != "name"},
            "data": data["name"],
            **{key: value for key, value in data.items() if key != "name"},
        }

    @property
    def group(self) -> str:
        """What runs that differ in the seed alone share."""
        form = f"-{self.form}" if self.form else ""
        again = f"-aa{replicate}" if (replicate := self.identity.get("replicate", 0)) else ""
        return f"{self.label}{form}{again}-{self.data}"

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
        told: how many epochs it has from an earlier attempt; it is not told of them again.
        place: where what it is told lies, as `bench.tracking.accounts.Account` has it; empty where nothing is kept.
    """

    told: int
    place: str

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Take one epoch's row of history.csv."""

    def log_picture(self, epoch: int, picture: Picture) -> None:
        """Take what a measured epoch predicts, drawn, after its row."""

    def finish(self, record: RunRecord) -> None:
        """Take the final record, and close."""

    def give_up(self, error: Exception) -> None:
        """Be dropped, since it raised an error: leave nothing that is half told where it is in the way."""


def open_trackers(
    config: TrackingConfig, run: RunInfo, goes_on: bool = False, data: Callable[[], DataSet] | None = None
) -> Guarded:
    """Return a tracker that passes everything on to those the configuration asks for.

    It never raises, and neither do its methods: a channel that fails is reported once and dropped, and so are pictures.

    Args:
        config: who is told.
        run: which run.
        goes_on: whether the run goes on from a snapshot: what W&B's server has of it then stays.
        data: gives the data set, for pictures; it is called when there is something to draw. None: no pictures.
    """
    openers: dict[str, Callable[[], Channel]] = {}
    if config.wandb != "off":
        openers[WANDB] = partial(_open_wandb, config, run, goes_on)
    if config.tensorboard:
        openers[TENSORBOARD] = partial(_open_tensorboard, config, run)
    return Guarded(openers, data, partial(note, config.folder / run.id))


def report(what: str, error: Exception) -> None:
    """Warn in one line; what fails in the same way in the next run of this process is not said again."""
    level = logging.DEBUG if (what, type(error)) in _REPORTED else logging.WARNING
    _REPORTED.add((what, type(error)))
    LOGGER.log(level, "%s: %s", what, brief(error))


_REPORTED: set[tuple[str, type[Exception]]] = set()


# Imported when they are opened, under guard: either package may be absent, broken or slow to import.


def _open_wandb(config: TrackingConfig, run: RunInfo, goes_on: bool) -> Channel:
    from bench.tracking.weights_and_biases import WandbTracker

    before = read_accounts(config.folder / run.id).get(WANDB)
    return WandbTracker(config, run, goes_on and before is not None and before.place == ONLINE)


def _open_tensorboard(config: TrackingConfig, run: RunInfo) -> Channel:
    from bench.tracking.tensorboard import TensorBoardTracker

    return TensorBoardTracker(config, run)


class Guarded:
    """Passes on to several channels; one that raises is named once and dropped.

    Args:
        openers: of the channels, by name.
        data: gives the data set, for pictures; None: no pictures.
        noted: is told what each channel has.

    Attributes:
        failed: the channels that were dropped.
    """

    def __init__(
        self,
        openers: Mapping[str, Callable[[], Channel]],
        data: Callable[[], DataSet] | None = None,
        noted: Callable[[str, Account], None] = lambda channel, account: None,
    ) -> None:
        self.failed: set[str] = set()
        self._channels: dict[str, Channel] = {}
        self._data, self._noted = data, noted
        self._pictures: Pictures | None = None
        for name, opener in openers.items():
            self._try(name, partial(self._open, name, opener))

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Pass an epoch's row on."""
        self._tell(lambda channel: channel.log_epoch(row), int(row["epoch"]))

    def log_samples(self, epoch: int, results: Sequence[Result]) -> None:
        """Draw what an epoch predicts, and pass it on."""
        wanted = self._data is not None and any(epoch > channel.told for channel in self._channels.values())
        picture = self._drawn(results) if wanted else None
        if picture is not None:
            self._tell(lambda channel: channel.log_picture(epoch, picture), epoch)

    def finish(self, record: RunRecord) -> None:
        """Pass the record on, and note who has the whole of a run that is over."""
        for name, channel in list(self._channels.items()):
            self._try(name, partial(self._finish, name, channel, record))

    def _open(self, name: str, opener: Callable[[], Channel]) -> None:
        self._channels[name] = opener()
        self._note(name, "")

    def _finish(self, name: str, channel: Channel, record: RunRecord) -> None:
        channel.finish(record)
        if record.status not in GOES_ON:
            self._note(name, digest_of(record))

    def _note(self, name: str, content: str) -> None:
        if place := self._channels[name].place:
            self._noted(name, Account(place, content))

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

    def _tell(self, action: Callable[[Channel], None], epoch: int) -> None:
        for name, channel in list(self._channels.items()):
            if epoch > channel.told:
                self._try(name, partial(action, channel))

    def _try(self, name: str, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self.failed.add(name)
            report(f"{name} is off for this run", error)
            if channel := self._channels.pop(name, None):
                with contextlib.suppress(Exception):
                    channel.give_up(error)
