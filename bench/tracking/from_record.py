"""Telling of a run that is over from its record, where a channel has no whole account of it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bench.evaluation.results import Result
from bench.records import GOES_ON, RecordError, RunFolder, RunRecord
from bench.tracking.accounts import ONLINE, digest_of, read_accounts
from bench.tracking.trackers import TENSORBOARD, WANDB, RunInfo, TrackingConfig, open_trackers
from bench.tracking.wandb_files import is_closed, is_synced
from datasets import DataSet


def lacking(config: TrackingConfig, record: RunRecord) -> TrackingConfig:
    """Return who is still to be told of a run: those of `config` that have no whole account; nobody before it is over.

    Args:
        config: who is told, W&B in the mode in which it would be told now.
        record: the run's, as it is on disk.
    """
    if record.status in GOES_ON:
        return replace(config, wandb="off", tensorboard=False)
    folder, content = config.folder / record.id, digest_of(record)
    wandb = config.wandb not in ("off", "disabled") and not in_wandb(config, folder, content)
    tensorboard = config.tensorboard and not _in_tensorboard(config, folder, content)
    return replace(config, wandb=config.wandb if wandb else "off", tensorboard=tensorboard)


def tell_from_record(config: TrackingConfig, record: RunRecord, data: Callable[[], DataSet]) -> set[str]:
    """Tell of a run from the first epoch to its end, in the place of what was told before.

    Args:
        config: who is told.
        record: the run's; its other files lie in its folder.
        data: gives the run's data set, for pictures.

    Returns:
        The channels that failed, of which there has been a warning each.

    Raises:
        RecordError: a file of the record cannot be read; nobody has been told anything.
    """
    folder = RunFolder(config.folder / record.id)
    rows, samples = _rows(folder), _samples(folder)
    tracker = open_trackers(config, RunInfo.of(record), data=data)
    for row in rows:
        tracker.log_epoch(row)
        epoch = int(row["epoch"])
        if epoch in samples:
            tracker.log_samples(epoch, samples[epoch])
    tracker.finish(record)
    return tracker.failed


def in_wandb(config: TrackingConfig, folder: Path, content: str) -> bool:
    """Return whether W&B has a whole account of some content.

    Args:
        config: in the mode in which W&B would be told now.
        folder: where it is noted.
        content: its digest.
    """
    place = _place(folder, WANDB, content)
    if not place or place == ONLINE:
        return place == ONLINE
    path = config.folder / place
    return is_synced(path) if config.wandb == ONLINE else is_closed(path)


def _in_tensorboard(config: TrackingConfig, folder: Path, content: str) -> bool:
    place = _place(folder, TENSORBOARD, content)
    return bool(place) and any((config.folder / place).glob("*.tfevents.*"))


def _place(folder: Path, channel: str, content: str) -> str:
    """Return where a channel has some content by what is noted; empty where it has not."""
    account = read_accounts(folder).get(channel)
    return account.place if account is not None and account.content == content else ""


def _rows(folder: RunFolder) -> list[Mapping[str, float]]:
    """Return the rows of history.csv without what was not measured."""
    try:
        table = folder.read_history()
    except FileNotFoundError:  # it ended before its first epoch did
        return []
    rows = [{str(name): float(value) for name, value in row.items()} for row in table.to_dict("records")]
    return [{name: value for name, value in row.items() if not math.isnan(value)} for row in rows]


def _samples(folder: RunFolder) -> Mapping[int, list[Result]]:
    with contextlib.suppress(FileNotFoundError, RecordError):  # what one only looks at keeps no figures back
        return folder.read_samples()
    return {}
