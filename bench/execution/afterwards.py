"""Trackers, once the runs of a command are over: what they missed is told from the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from bench.execution.reservation import COMMANDS, WORKERS, Reservations
from bench.records import RunFolder, RunRecord
from bench.tracking import TrackingConfig
from bench.tracking.from_record import lacking, tell_from_record
from bench.tracking.trackers import TENSORBOARD, WANDB, report
from bench.tracking.wandb_session import wanted_mode
from datasets import DataSet

_PATIENCE = 3
"""How many runs in a row a channel may fail at before it is told of no more."""


def tell_what_was_missed(config: TrackingConfig, data: Mapping[str, DataSet], say: Callable[[str], None]) -> None:
    """Tell trackers of the runs of a study that are over, and of which they have no whole account.

    A worker that died has told of no end, and W&B's process, where it was killed, has left half a file; a channel may
    also be asked for only now. Runs that another command is at are its own to tell of. Records are read and never
    written, and no failure is more than a warning.

    Args:
        config: who is told.
        data: by fingerprint, the data sets that the command has; runs on others are passed over.
        say: is told how many runs there are, if any.
    """
    if not _anyone(config):
        return
    try:
        asked = _now(config)
        read = (RunFolder(path.parent).read_if_any() for path in sorted(config.folder.glob("*/run.json")))
        found = [one for one in read if one is not None and one.identity["data"]["fingerprint"] in data]
        missed = [one.id for one in found if _anyone(lacking(asked, one))]
        if missed:
            say(f"trackers are told from the records of runs that are over: {len(missed)}")
            _tell(config, missed, data)
    except Exception as error:
        report("trackers are not told what they missed", error)


def _tell(config: TrackingConfig, missed: Sequence[str], data: Mapping[str, DataSet]) -> None:
    failures: Counter[str] = Counter()  # in a row, by channel
    for record in _reserved(config, missed):
        asked = lacking(_but(_now(config), failures), record)
        if not _anyone(asked):
            continue
        loaded = data[record.identity["data"]["fingerprint"]]
        try:
            failed = tell_from_record(asked, record, lambda loaded=loaded: loaded)
        except Exception as error:  # a record of someone else's may hold anything
            report("trackers are not told of a run", error)
            continue
        for channel, told in ((WANDB, asked.wandb != "off"), (TENSORBOARD, asked.tensorboard)):
            if told:
                failures[channel] = failures[channel] + 1 if channel in failed else 0


def _reserved(config: TrackingConfig, run_ids: Sequence[str]) -> Iterator[RunRecord]:
    """Yield the records of the runs that no other command is at, each as long as this one holds it."""
    with (
        closing(Reservations(config.folder / COMMANDS)) as commands,
        closing(Reservations(config.folder / WORKERS)) as workers,
    ):
        for run_id in run_ids:
            if commands.take([run_id]) and workers.take([run_id]):
                record = RunFolder(config.folder / run_id).read_if_any()
                if record is not None:
                    yield record
            commands.release([run_id])
            workers.release([run_id])


def _now(config: TrackingConfig) -> TrackingConfig:
    """Return who is told, W&B in the mode in which it would be told now."""
    return config if config.wandb == "off" else replace(config, wandb=wanted_mode(config))


def _but(config: TrackingConfig, failures: Mapping[str, int]) -> TrackingConfig:
    """Return who is told without those that keep failing."""
    given_up = {channel for channel, number in failures.items() if number >= _PATIENCE}
    return replace(
        config,
        wandb="off" if WANDB in given_up else config.wandb,
        tensorboard=config.tensorboard and TENSORBOARD not in given_up,
    )


def _anyone(config: TrackingConfig) -> bool:
    return config.wandb != "off" or config.tensorboard
