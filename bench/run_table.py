"""Runs as rows of a table on a terminal: what the view of a running study and `bench status` draw alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.arm_name import arm_name
from bench.records import GOES_ON
from bench.text import cut, one_line, percent

ORDER = ("running", "failed", "diverged", "unreadable", "interrupted", "done", "planned")
"""Which rows are shown first when not all fit: a planned run has nothing to tell."""
CHROME = 3
"""Lines of a view that are neither runs nor notices: heading, what is folded away, total."""
_NOTICES = 3
"""The latest of them that a view shows."""
_STYLES = {
    "done": "green",
    "running": "cyan",
    "failed": "red",
    "diverged": "red",
    "unreadable": "red",
    "interrupted": "yellow",
}


@dataclass
class RunRow:
    """A run as it stands.

    Attributes:
        run_id: of the run.
        label: its strategy as shown.
        form: the MGIoU form, if it has one.
        seed: of the run; None where its record does not say.
        epochs: how many it has.
        state: its status, one of `ORDER`.
        epoch: epochs that are over.
        loss: mean training loss of the last of them.
        ap: mAP50-95 when it was last measured.
        full_image: the rate of full-image predictions then.
        epoch_s: seconds an epoch takes.
        data: its data set; empty where there is nothing to tell it from.
    """

    run_id: str
    label: str
    form: str | None
    seed: int | None
    epochs: int
    state: str
    epoch: int = 0
    loss: float | None = None
    ap: float | None = None
    full_image: float | None = None
    epoch_s: float | None = None
    data: str = ""

    def name(self, width: int | None = None) -> str:
        """Return label, form, seed and data set; where they do not fit, the label gives way: the others are short."""
        label = one_line(self.label)
        name = arm_name(label, self.form)
        name += "" if self.seed is None else f" s{self.seed}"
        name += f" on {one_line(self.data)}" if self.data else ""
        if width is None or len(name) <= width:
            return name
        room = len(label) - (len(name) - width)
        return cut(label, room) + name[len(label) :] if room >= _LEAST else cut(name, width)

    def left(self) -> int:
        """Return the epochs still to train."""
        return self.epochs - self.epoch if self.state in GOES_ON else 0


@dataclass(frozen=True)
class Column:
    """A column of the table, and the width of terminal from which on there is room for it."""

    heading: str
    width: int
    from_width: int
    show: Callable[[RunRow], RenderableType]
    justify: Literal["left", "right"] = "right"


def _bar(row: RunRow) -> RenderableType:
    return ProgressBar(total=row.epochs, completed=row.epoch, width=12) if row.epoch else ""


def _time_left(row: RunRow) -> str:
    return duration(row.left() * row.epoch_s) if row.epoch_s and row.state == "running" else ""


_GAP = 1
_LEAST = 8
"""Characters of a label that are worth showing."""
COLUMNS = (
    Column("state", 11, 0, lambda row: Text(row.state, style=_STYLES.get(row.state, "dim")), "left"),
    Column("epoch", 9, 0, lambda row: f"{row.epoch}/{row.epochs}" if row.epoch else ""),
    Column("", 12, 130, _bar, "left"),
    Column("loss", 6, 78, lambda row: "" if row.loss is None else f"{row.loss:.4g}"),
    Column("AP", 6, 0, lambda row: "" if row.ap is None else f"{row.ap:.3f}"),
    Column("full-image", 10, 110, lambda row: "" if row.full_image is None else percent(row.full_image)),
    Column("left", 11, 78, _time_left),
)
_GIVE_WAY = ("", "left", "loss", "full-image", "folder")
"""Headings of the columns that go, one after the other, where a name would have to be cut."""
FOLDER = Column("folder", 12, 0, lambda row: Text(row.run_id), "left")
"""The run's folder in its study's, for who looks a run up."""


def run_table(rows: Sequence[RunRow], width: int, room: int, columns: Sequence[Column] = COLUMNS) -> Group:
    """Return the table of the first `room` rows, no wider than `width`, and a line that counts the others."""
    shown, folded = rows[: max(1, room)], rows[max(1, room) :]
    columns, left = _fitting(columns, width, max((len(row.name()) for row in rows), default=0))
    left = max(_LEAST, min(left, max((len(row.name()) for row in shown), default=0)))
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("run", width=left, no_wrap=True)
    for column in columns:
        table.add_column(column.heading, width=column.width, justify=column.justify, no_wrap=True)
    for name, row in zip(names(shown, left), shown, strict=True):
        # A Text, since a label may hold brackets, which are Rich's markup.
        table.add_row(Text(name, overflow="ellipsis"), *(column.show(row) for column in columns))
    if not folded:
        return Group(table)
    return Group(table, _line(f"… {len(folded)} more: {counts(row.state for row in folded)}", "dim"))


def _fitting(columns: Sequence[Column], width: int, longest: int) -> tuple[list[Column], int]:
    """Return the columns that are shown beside names of that length, and the width that is left for the names."""
    shown = [column for column in columns if width >= column.from_width]
    for heading in (None, *_GIVE_WAY):
        shown = [column for column in shown if column.heading != heading]
        left = width - sum(column.width + _GAP for column in shown) - _GAP
        if longest <= left:
            break
    return shown, left


def names(rows: Sequence[RunRow], width: int) -> list[str]:
    """Return the rows' names in up to `width` characters; those that a cut makes alike end in the run's id."""
    short = [row.name(width) for row in rows]
    among = Counter(short)
    return [
        cut(f"{row.name()[: max(0, width - len(row.run_id) - 1)]}…{row.run_id}", width)
        if among[name] > 1 and name != row.name()
        else name
        for name, row in zip(short, rows, strict=True)
    ]


_Row = TypeVar("_Row", bound=RunRow)


def told_apart(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows of a study; those of one that has one data set alone without it."""
    several = len({row.data for row in rows if row.data}) > 1
    return [row if several else replace(row, data="") for row in rows]


def screen(rows: Sequence[RunRow], notices: Sequence[str], total: str, width: int, height: int) -> Group:
    """Return table, latest notices and total, no higher and no wider than a terminal."""
    shown = notices[-_NOTICES:] if height > 2 * CHROME + _NOTICES else []
    return Group(
        run_table(rows, width, height - CHROME - len(shown)),
        *(_line(notice, "yellow") for notice in shown),
        _line(total),
    )


def share_done(rows: Iterable[RunRow]) -> float:
    """Return the share of all epochs that are over; those that a lost run did not come to never are. Of no run: 0."""
    listed = list(rows)
    whole = sum(row.epochs for row in listed)
    return sum(row.epochs if row.state == "done" else row.epoch for row in listed) / whole if whole else 0.0


def counts(states: Iterable[str]) -> str:
    """Return how many there are of each state, in words."""
    listed = list(states)
    return ", ".join(f"{listed.count(state)} {state}" for state in ORDER if state in listed)


def duration(seconds: float) -> str:
    """Return `12 s`, `3 min 20 s` or `1 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")
