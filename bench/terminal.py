"""The view of a study while it runs: a live table on a terminal, plain lines elsewhere. Always on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.execution.events import EpochDone, RunEnded, RunStarted

Event = RunStarted | EpochDone | RunEnded

_STYLES = {"done": "green", "running": "cyan", "failed": "red", "diverged": "red", "interrupted": "yellow"}
_ORDER = ("running", "failed", "diverged", "interrupted", "planned", "done")
"""Which rows are shown first when not all fit."""
_CHROME = 3
"""Lines of the live view that are no rows: heading, what is folded away, total."""
_PLAIN_EVERY = 60.0
"""Seconds between two lines of progress where there is no terminal."""


@dataclass(frozen=True)
class PlannedRun:
    """A run as it stands before the study starts."""

    run_id: str
    label: str
    form: str | None
    seed: int
    epochs: int
    state: str


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

    @property
    def name(self) -> str:
        form = f" ({self.plan.form})" if self.plan.form else ""
        return f"{self.plan.label}{form} s{self.plan.seed}"

    def left(self) -> int:
        """Return the epochs still to train."""
        return self.plan.epochs - self.epoch if self.state in ("planned", "running") else 0


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


_GAP = 2
_COLUMNS = (
    _Column("state", 11, 0, lambda row: Text(row.state, style=_STYLES.get(row.state, "dim")), "left"),
    _Column("epoch", 9, 0, lambda row: f"{row.epoch}/{row.plan.epochs}" if row.epoch else ""),
    _Column("", 12, 120, _bar, "left"),
    _Column("loss", 8, 100, lambda row: "" if row.loss is None else f"{row.loss:.3f}"),
    _Column("mAP50-95", 8, 0, lambda row: "" if row.ap is None else f"{row.ap:.3f}"),
    _Column("full-image", 10, 70, lambda row: "" if row.full_image is None else f"{row.full_image:.0%}"),
    _Column("left", 12, 90, _time_left),
)


class Progress:
    """What is known of a running study: the model of both views.

    Args:
        plan: every run, in order.
        workers: how many run at a time.
    """

    def __init__(self, plan: Sequence[PlannedRun], workers: int) -> None:
        self.rows = {run.run_id: _Row(run, number, run.state) for number, run in enumerate(plan)}
        self.workers = workers
        self.started = time.monotonic()
        self._trained = 0
        self._spent = 0.0

    def update(self, event: Event) -> _Row:
        """Take an event; return the row it changed."""
        row = self.rows[event.run_id]
        if isinstance(event, RunStarted):
            row.state, row.since, row.heard = "running", time.monotonic(), time.monotonic()
        elif isinstance(event, EpochDone):
            row.epoch, row.loss = event.epoch, event.loss
            # Between two events lies all that an epoch costs, measuring and start-up included.
            self._spent += time.monotonic() - row.heard
            self._trained += 1
            row.heard = time.monotonic()
            row.epoch_s = (row.heard - row.since) / event.epoch
            self._measured(row, event.metrics or {})
        else:
            row.state = event.status
            self._measured(row, event.metrics)
        return row

    def counts(self) -> dict[str, int]:
        """Return how many runs have each state, those that need attention first."""
        states = [row.state for row in self.rows.values()]
        return {state: states.count(state) for state in _ORDER if state in states}

    def seconds_left(self) -> float | None:
        """Return an estimate for the whole study, None before the first epoch is over."""
        if not self._trained:
            return None
        epochs = sum(row.left() for row in self.rows.values())
        return epochs * self._spent / self._trained / self.workers

    def share_done(self) -> float:
        """Return the share of all epochs that are over, counting runs that have ended as whole."""
        whole = sum(row.plan.epochs for row in self.rows.values())
        return 1 - sum(row.left() for row in self.rows.values()) / whole

    def summary(self) -> str:
        """Return counts and time in one line."""
        counts = ", ".join(f"{count} {state}" for state, count in self.counts().items())
        left = self.seconds_left()
        ahead = f", {duration(left)} left" if left else ""
        return f"{len(self.rows)} runs: {counts}; {duration(time.monotonic() - self.started)} so far{ahead}"

    @staticmethod
    def _measured(row: _Row, metrics: object) -> None:
        if isinstance(metrics, dict):
            row.ap = metrics.get("mAP50_95", row.ap)
            row.full_image = metrics.get("full_image", row.full_image)


class LiveView:
    """A table that is redrawn in place. What does not fit the terminal is folded into a line of counts."""

    def __init__(self, progress: Progress, console: Console) -> None:
        self.progress = progress
        self.console = console
        self._live = Live(get_renderable=self.render, console=console, refresh_per_second=2, transient=True)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        self.console.print(Text(self.progress.summary()))

    def update(self, event: Event) -> None:
        """Take an event; the next redraw shows it. A run that did not end well leaves a line above the table."""
        row = self.progress.update(event)
        if isinstance(event, RunEnded) and event.status != "done":
            self.console.print(Text(_ended(row, event), style=_STYLES.get(event.status, "")))

    def render(self) -> Group:
        """Return the table as it stands, no higher than the terminal."""
        rows = sorted(self.progress.rows.values(), key=lambda row: (_ORDER.index(row.state), -row.since, row.number))
        shown = rows[: max(1, self.console.height - _CHROME - 1)]
        columns = [column for column in _COLUMNS if self.console.width >= column.from_width]
        room = self.console.width - sum(column.width + _GAP for column in columns)
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("run", width=max(8, min(room, max(len(row.name) for row in shown))), no_wrap=True)
        for column in columns:
            table.add_column(column.heading, width=column.width, justify=column.justify, no_wrap=True)
        for row in shown:
            # A Text, since a label may hold brackets, which are Rich's markup.
            table.add_row(Text(row.name, overflow="ellipsis"), *(column.show(row) for column in columns))
        folded: dict[str, int] = {}
        for row in rows[len(shown) :]:
            folded[row.state] = folded.get(row.state, 0) + 1
        told = ", ".join(f"{count} {state}" for state, count in folded.items())
        return Group(
            table,
            Text(f"... and {told}" if told else "", style="dim", no_wrap=True, overflow="ellipsis"),
            Text(f"{self.progress.share_done():.0%} of {self.progress.summary()}", no_wrap=True, overflow="ellipsis"),
        )


class PlainView:
    """A line for every run that ends, and one a minute in between."""

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
        elif time.monotonic() - self._told > _PLAIN_EVERY:
            self._say(self.progress.summary())

    def _say(self, text: str) -> None:
        self._told = time.monotonic()
        self.console.print(Text(text), soft_wrap=True)


def open_view(plan: Sequence[PlannedRun], workers: int, console: Console | None = None) -> LiveView | PlainView:
    """Return the view that fits where stderr goes."""
    console = console or Console(stderr=True)
    progress = Progress(plan, workers)
    return LiveView(progress, console) if console.is_terminal else PlainView(progress, console)


def duration(seconds: float) -> str:
    """Return `12 s`, `3 min 20 s` or `1 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _ended(row: _Row, event: RunEnded) -> str:
    figures = f", mAP50-95 {row.ap:.3f}, full-image {row.full_image:.0%}" if row.ap is not None else ""
    if event.status == "done":
        return f"{row.name}: done in {duration(event.seconds)}{figures}"
    return f"{row.name}: {event.status}: {event.reason}"
