"""The view of a study while it runs: a live table on a terminal, plain lines elsewhere. Always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.execution.events import EpochDone, Event, RunEnded, RunParted, RunStarted, Warned

_STYLES = {"done": "green", "running": "cyan", "failed": "red", "diverged": "red", "interrupted": "yellow"}
_ORDER = ("running", "failed", "diverged", "interrupted", "done", "planned")
"""Which rows are shown first when not all fit: a planned run has nothing to tell."""
_CHROME = 3
"""Lines of the live view that are neither runs nor notices: heading, what is folded away, total."""
_NOTICES = 3
"""The latest of them that the live view shows."""
_PLAIN_EVERY = 60.0
"""Seconds between two lines of progress where there is no terminal."""


@dataclass(frozen=True)
class PlannedRun:
    """A run as it stands before the study starts.

    Attributes:
        run_id: of the run.
        label: its strategy as shown.
        form: the MGIoU form, if it has one.
        seed: of the run.
        epochs: how many it has.
        state: its status on record.
        done: epochs that are over.
        laps: (until which epoch, by how many runs) its training is shared, in order; empty where none is.
    """

    run_id: str
    label: str
    form: str | None
    seed: int
    epochs: int
    state: str
    done: int = 0
    laps: tuple[tuple[int, int], ...] = ()


@dataclass
class _Row:
    plan: PlannedRun
    number: int
    state: str
    epoch: int = 0
    loss: float | None = None
    ap: float | None = None
    full_image: float | None = None
    epoch_s: float | None = None
    since: float = 0.0
    heard: float = 0.0
    resumed_at: int | None = None

    def name(self, width: int | None = None) -> str:
        """Return label, form and seed; where they do not fit, the label gives way, since the seed tells rows apart."""
        label = _printable(self.plan.label)
        rest = f" ({self.plan.form}) s{self.plan.seed}" if self.plan.form else f" s{self.plan.seed}"
        if width is not None and len(label) + len(rest) > width:
            label = label[: max(1, width - len(rest) - 1)] + "…"
        return label + rest

    def left(self) -> int:
        """Return the epochs still to train."""
        return self.plan.epochs - self.epoch if self.state in ("planned", "running") else 0

    def own_left(self) -> float:
        """Return the epochs still to train, each by the share that falls to this run."""
        if not self.left():
            return 0
        total, at = 0.0, self.epoch
        for until, runs in (*self.plan.laps, (self.plan.epochs, 1)):
            total += max(0, until - at) / runs
            at = max(at, until)
        return total


@dataclass(frozen=True)
class _Column:
    """A column of the live table, and the width of terminal from which on there is room for it."""

    heading: str
    width: int
    from_width: int
    show: Callable[[_Row], RenderableType]
    justify: Literal["left", "right"] = "right"


def _bar(row: _Row) -> RenderableType:
    return ProgressBar(total=row.plan.epochs, completed=row.epoch, width=12) if row.epoch else ""


def _time_left(row: _Row) -> str:
    return duration(row.left() * row.epoch_s) if row.epoch_s and row.state == "running" else ""


_GAP = 1
_COLUMNS = (
    _Column("state", 11, 0, lambda row: Text(row.state, style=_STYLES.get(row.state, "dim")), "left"),
    _Column("epoch", 9, 0, lambda row: f"{row.epoch}/{row.plan.epochs}" if row.epoch else ""),
    _Column("", 12, 130, _bar, "left"),
    _Column("loss", 6, 78, lambda row: "" if row.loss is None else f"{row.loss:.4g}"),
    _Column("AP", 6, 0, lambda row: "" if row.ap is None else f"{row.ap:.3f}"),
    _Column("full-image", 10, 110, lambda row: "" if row.full_image is None else f"{row.full_image:.0%}"),
    _Column("left", 11, 78, _time_left),
)


class Progress:
    """What is known of a running study: the model of both views.

    Args:
        plan: every run, in order.
        workers: how many run at a time.

    Attributes:
        notices: a line for every run that did not end well and every warning, in order.
    """

    def __init__(self, plan: Sequence[PlannedRun], workers: int) -> None:
        self.rows = {run.run_id: _Row(run, number, run.state, run.done) for number, run in enumerate(plan)}
        self.workers = workers
        self.started = time.monotonic()
        self.notices: list[str] = []
        self._trained = 0.0
        self._spent = 0.0

    def update(self, event: Event) -> _Row:
        """Take an event; return the row that it is about."""
        row = self.rows[event.run_id]
        now = time.monotonic()
        if isinstance(event, Warned):
            self.notices.append(f"{row.name()}: {_printable(event.text)}")
            return row
        if isinstance(event, RunStarted):
            row.state, row.since, row.resumed_at = "running", now, None
        elif isinstance(event, EpochDone):
            if row.resumed_at is None:
                row.resumed_at = event.epoch - 1
            row.epoch, row.loss = event.epoch, event.loss
            # Between two events lies all that an epoch costs, measuring and start-up included.
            self._spent += (now - row.heard) / event.runs
            self._trained += 1 / event.runs
            row.epoch_s = (now - row.since) / (event.epoch - row.resumed_at)
            _measured(row, event.metrics or {})
        elif isinstance(event, RunParted):
            row.state = "planned"
        else:
            row.state = event.status
            _measured(row, event.metrics)
            if event.status != "done":
                self.notices.append(_ended(row, event))
        row.heard = now
        return row

    def ordered(self) -> list[_Row]:
        """Return the rows, what runs or needs attention first; in each state the latest first, then as planned."""
        return sorted(
            self.rows.values(),
            key=lambda row: (
                _ORDER.index(row.state),
                -(row.since if row.state == "running" else row.heard),
                row.number,
            ),
        )

    def seconds_left(self) -> float | None:
        """Return an estimate for the whole study, None before the first epoch is over.

        The workers share what is left; a run is with one of them at a time, so the longest is a lower bound.
        """
        if not self._trained:
            return None
        left = sum(row.own_left() for row in self.rows.values())
        longest = max(row.left() for row in self.rows.values())
        return max(left / self.workers, longest) * self._spent / self._trained

    def share_done(self) -> float:
        """Return the share of all epochs that are over, counting runs that have ended as whole."""
        whole = sum(row.plan.epochs for row in self.rows.values())
        return 1 - sum(row.left() for row in self.rows.values()) / whole

    def summary(self) -> str:
        """Return the counts and the time in one line, what matters most first."""
        left = self.seconds_left()
        ahead = f", {duration(left)} left" if left else ""
        told = _counts(row.state for row in self.rows.values())
        return f"{len(self.rows)} runs{ahead}: {told}; {duration(time.monotonic() - self.started)} so far"


class LiveView:
    """A table on a screen of its own, always drawn whole: a resize or a stray line spoils one frame at most.

    What does not fit is folded into a line of counts. At the end the terminal gets its former content back, and
    below it the table as it then stands, and every notice.
    """

    def __init__(self, progress: Progress, console: Console) -> None:
        self.progress = progress
        self.console = console
        self._live = Live(
            get_renderable=self.render, console=console, refresh_per_second=2, screen=True, redirect_stdout=False
        )

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        rows = sorted(self.progress.ordered(), key=lambda row: (_ORDER.index(row.state), row.number))
        self.console.print(self._table(rows, self.console.height - _CHROME))
        for notice in self.progress.notices:
            self.console.print(Text(notice, style="yellow"), soft_wrap=True)
        self.console.print(Text(self.progress.summary()), soft_wrap=True)

    def update(self, event: Event) -> None:
        """Take an event; the next redraw shows it."""
        self.progress.update(event)

    def render(self) -> Group:
        """Return the view as it stands, no higher than the terminal."""
        notices = self.progress.notices[-_NOTICES:] if self.console.height > 2 * _CHROME + _NOTICES else []
        room = self.console.height - _CHROME - len(notices)
        return Group(
            self._table(self.progress.ordered(), room),
            *(Text(notice, style="yellow", no_wrap=True, overflow="ellipsis") for notice in notices),
            Text(f"{self.progress.share_done():.0%} of {self.progress.summary()}", no_wrap=True, overflow="ellipsis"),
        )

    def _table(self, rows: Sequence[_Row], room: int) -> Group:
        """Return the table of the first `room` rows, and a line that counts the others."""
        shown, folded = rows[: max(1, room)], rows[max(1, room) :]
        columns = [column for column in _COLUMNS if self.console.width >= column.from_width]
        width = self.console.width - sum(column.width + _GAP for column in columns) - _GAP
        width = max(8, min(width, max(len(row.name()) for row in shown)))
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("run", width=width, no_wrap=True)
        for column in columns:
            table.add_column(column.heading, width=column.width, justify=column.justify, no_wrap=True)
        for row in shown:
            # A Text, since a label may hold brackets, which are Rich's markup.
            table.add_row(Text(row.name(width), overflow="ellipsis"), *(column.show(row) for column in columns))
        told = Text(f"... and {_counts(row.state for row in folded)}", "dim", no_wrap=True, overflow="ellipsis")
        return Group(table, told) if folded else Group(table)


class PlainView:
    """A line for every run that ends and every warning, and one a minute in between."""

    def __init__(self, progress: Progress, console: Console) -> None:
        self.progress = progress
        self.console = console
        self._told = time.monotonic()

    def __enter__(self) -> PlainView:
        self._say(self.progress.summary())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say(self.progress.summary())

    def update(self, event: Event) -> None:
        """Take an event, and tell what is worth a line."""
        row = self.progress.update(event)
        if isinstance(event, RunEnded):
            self._say(_ended(row, event))
        elif isinstance(event, Warned):
            self._say(self.progress.notices[-1])
        elif time.monotonic() - self._told > _PLAIN_EVERY:
            self._say(self.progress.summary())

    def _say(self, text: str) -> None:
        self._told = time.monotonic()
        self.console.print(Text(text), soft_wrap=True)


def open_view(plan: Sequence[PlannedRun], workers: int, console: Console | None = None) -> LiveView | PlainView:
    """Return the view that fits where stderr goes."""
    if console is None:
        # FORCE_COLOR makes Rich take any file for a terminal; colours may go there, a live table may not.
        console = Console(stderr=True, force_interactive=None if sys.stderr.isatty() else False)
    progress = Progress(plan, workers)
    return LiveView(progress, console) if console.is_interactive else PlainView(progress, console)


def duration(seconds: float) -> str:
    """Return `12 s`, `3 min 20 s` or `1 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _counts(states: Iterable[str]) -> str:
    listed = list(states)
    return ", ".join(f"{listed.count(state)} {state}" for state in _ORDER if state in listed)


def _measured(row: _Row, metrics: Mapping[str, float]) -> None:
    row.ap = metrics.get("mAP50_95", row.ap)
    row.full_image = metrics.get("full_image", row.full_image)


def _ended(row: _Row, event: RunEnded) -> str:
    figures = f", mAP50-95 {row.ap:.3f}, full-image {row.full_image:.0%}" if row.ap is not None else ""
    if event.status == "done":
        return f"{row.name()}: done in {duration(event.seconds)}{figures}"
    return f"{row.name()}: {event.status}: {_printable(event.reason or '')}"


def _printable(text: str) -> str:
    """Return text in one line, without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
