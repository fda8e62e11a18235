"""How the runs of a study stand, from its folder."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.errors import StorageError, UserError
from bench.execution.reservation import COMMANDS, Reservations
from bench.execution.resume import NAME, rows_so_far
from bench.history_columns import measured
from bench.metrics import FIGURE
from bench.records import GOES_ON, RESUMED, RecordError, RunFolder, RunRecord
from bench.run_table import ORDER, RunRow, counts, share_done, told_apart
from bench.text import one_line, percent

_NO_PROCESS = "no process works on it any more; the same command goes on with it"
Stamp = tuple[int, int]
"""When a file was last written, and its size: what tells whether it is to be read again."""


@dataclass
class StandingRow(RunRow):
    """A run as its folder has it.

    Attributes:
        reason: why it stands so; empty where there is nothing to say.
    """

    reason: str = ""


@dataclass
class StudyFolder:
    """A study's runs as they stand, read from its folder, which it never writes to.

    Args:
        path: of the folder.
    """

    path: Path
    _read: dict[Path, tuple[tuple[Stamp | None, Stamp | None], StandingRow]] = field(default_factory=dict)

    def standings(self) -> list[StandingRow]:
        """Return every run, in the order of `ORDER`, then by name. What has not changed is not read again."""
        rows = told_apart(list(self._standings()))
        return sorted(rows, key=lambda row: (ORDER.index(row.state), row.name()))

    def deserted(self, rows: Sequence[StandingRow]) -> bool:
        """Return whether runs are still to go on and no process is at any of them, as far as that can be seen."""
        to_go_on = [row.run_id for row in rows if row.state in GOES_ON]
        with self._at_work() as at_work:
            return bool(to_go_on) and all(at_work(run_id) is False for run_id in to_go_on)

    def _standings(self) -> Iterator[StandingRow]:
        with self._at_work() as at_work:
            for path in sorted(self.path.glob("*/run.json")):
                row = self._row(path.parent)
                if row is None:
                    continue
                if row.state == "running" and at_work(row.run_id) is False:
                    row = replace(row, state="interrupted", reason=_NO_PROCESS)
                yield row

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[Callable[[str], bool | None]]:
        """Lend what tells whether a process is at a run; None where that cannot be seen."""
        if not (self.path / COMMANDS).exists():
            yield lambda run_id: False
            return
        try:
            locks = Reservations(self.path / COMMANDS)
        except UserError:  # a colleague's study, say
            yield lambda run_id: None
            return
        with contextlib.closing(locks):
            yield locks.others

    def _row(self, folder: Path) -> StandingRow | None:
        stamps = _stamp(folder / "run.json"), _stamp(folder / NAME)
        seen = self._read.get(folder)
        if seen is not None and seen[0] == stamps:
            return seen[1]
        try:
            row = _of_record(folder, RunFolder(folder).read())
        except FileNotFoundError:  # a study that is under way has started this run afresh
            return None
        except StorageError as error:  # the next look may find what is out of reach, with stamps as they are now
            return _unreadable(folder, error)
        except RecordError as error:
            row = _unreadable(folder, error)
        self._read[folder] = stamps, row
        return row


def notices(rows: list[StandingRow]) -> list[str]:
    """Return a line for every reason why runs are not done, with the runs' names; the rarest reason first."""
    among = Counter((row.state, row.reason) for row in rows if row.reason and row.state != "planned")
    lines = []
    for (state, reason), number in sorted(among.items(), key=lambda one: (one[1], one[0])):
        named = [row.name() for row in rows if (row.state, row.reason) == (state, reason)]
        who = named[0] if number == 1 else f"{number} runs ({named[0]}, ...)"
        lines.append(f"{who}: {state}: {one_line(reason)}")
    return lines


def total(rows: list[StandingRow], deserted: bool = False) -> str:
    """Return how many runs stand how, in one line, and whether nobody is at them."""
    told = counts(row.state for row in rows) or "none yet"
    return f"{percent(share_done(rows))} of {len(rows)} runs: {told}{'; no process is at it' if deserted else ''}"


def _unreadable(folder: Path, error: UserError) -> StandingRow:
    return StandingRow(folder.name, folder.name, None, None, 0, "unreadable", reason=str(error))


def _of_record(folder: Path, record: RunRecord) -> StandingRow:
    epochs = record.identity["settings"].get("epochs", 0)
    row = StandingRow(
        run_id=record.id,
        label=f"{record.label}, once more" if record.replicate else record.label,
        form=record.form,
        seed=record.seed,
        epochs=epochs,
        state=record.status,
        epoch=epochs if record.done else int(record.metrics.get("final_epoch", 0)),
        ap=record.metrics.get(FIGURE),
        full_image=record.metrics.get("full_image"),
        data=record.identity["data"]["name"],
        reason=record.reason or "",
    )
    return _with_snapshot(row, rows_so_far(folder, record.identity)) if record.status in RESUMED else row


def _with_snapshot(row: StandingRow, rows: list[Mapping[str, Any]]) -> StandingRow:
    if not rows:
        return row
    last = next(filter(measured, reversed(rows)), {})
    seconds = [one["seconds"] for one in rows if "seconds" in one]
    return replace(
        row,
        epoch=len(rows),
        loss=rows[-1].get("loss"),
        ap=last.get(FIGURE),
        full_image=last.get("full_image"),
        epoch_s=sum(seconds) / len(seconds) if seconds else None,
    )


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
