"""What is left to do of a study, as its folder stands: the one rule that a plan is shown by and carried out by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.execution.fresh import Repeat, is_repeated
from bench.execution.resume import start_of
from bench.records import RESUMED, RecordError, RecordOutOfReach, RunFolder, RunRecord
from bench.sharing import Segment, Start, alone, share
from bench.study import Run

Found = RunRecord | RecordError | None
"""A run's record; the error where it cannot be read; None where there is none."""


class Left(NamedTuple):
    """What is left of some runs.

    Attributes:
        starts: by run id, what those that are not over have behind them.
        segments: what there is to train of them.
    """

    starts: dict[str, Start]
    segments: list[Segment]


def left_of(folder: Path, runs: Sequence[Run], records: Mapping[str, Found], *, sharing: bool, repeat: Repeat) -> Left:
    """Return what is left of runs with these records; nothing is written.

    Args:
        folder: the study's.
        runs: all that are to be over in the end.
        records: of each, by run id.
        sharing: whether runs share what they have in common.
        repeat: which records are to be done away with.
    """
    starts = {
        run.id: start_of(folder / run.id, run.identity) if goes_on(records[run.id], repeat) else Start()
        for run in runs
        if not _is_done(records[run.id], repeat)
    }
    return Left(starts, segments_of([run for run in runs if run.id in starts], starts, sharing))


def left_to_do(folder: Path, runs: Sequence[Run], *, sharing: bool, repeat: Repeat) -> list[Segment]:
    """Return what there is to train of runs, as the folder stands; `left_of` has the rest."""
    records = {run.id: read_record(folder / run.id) for run in runs}
    return left_of(folder, runs, records, sharing=sharing, repeat=repeat).segments


def goes_on(record: Found, repeat: Repeat) -> bool:
    """Whether a run goes on from its snapshot, if it has left one, and does not start from nothing."""
    return isinstance(record, RunRecord) and record.status in RESUMED and not is_repeated(repeat, record)


def segments_of(runs: Sequence[Run], starts: Mapping[str, Start], sharing: bool) -> list[Segment]:
    """Return what there is to train of some runs."""
    return share(runs, starts) if sharing else [alone(run, starts[run.id]) for run in runs]


def read_record(folder: Path) -> Found:
    """Return what is on record in a run's folder.

    Raises:
        RecordOutOfReach: nobody can tell just now; the run may be done.
    """
    try:
        return RunFolder(folder).read()
    except FileNotFoundError:
        return None
    except RecordOutOfReach:
        raise
    except RecordError as error:
        return error


def _is_done(record: Found, repeat: Repeat) -> bool:
    return isinstance(record, RunRecord) and record.done and not is_repeated(repeat, record)
