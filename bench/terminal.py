"""The view of a study while it runs: a live table on a terminal, plain lines elsewhere. Always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from bench.events import EpochDone, Event, RunEnded, RunParted, RunStarted, Warned
from bench.metrics import FIGURE
from bench.run_table import CHROME, ORDER, RunRow, counts, duration, run_table, screen, share_done, told_apart
from bench.text import one_line, percent

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
        data: its data set.
        metrics: on record of it.
    """

    run_id: str
    label: str
    form: str | None
    seed: int
    epochs: int
    state: str
    done: int = 0
    laps: tuple[tuple[int, int], ...] = ()
    data: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass
class _Row(RunRow):
    """A run, and when it was heard of; `since` and `heard` are times of `time.monotonic`."""

    number: int = 0
    laps: tuple[tuple[int, int], ...] = ()
    since: float = 0.0
    heard: float = 0.0
    resumed_at: int | None = None

    def own_left(self) -> float:
        """Return the epochs still to train, each by the share that falls to this run."""
        if not self.left():
            return 0
        total, at = 0.0, self.epoch
        for until, runs in (*self.laps, (self.epochs, 1)):
            total += max(0, until - at) / runs
            at = max(at, until)
        return total


class StudyProgress:
    """What is known of a running study: the model of both views.

    Args:
        plan: every run, in order.
        workers: how many run at a time.

    Attributes:
        notices: a line for every run that did not end well and every warning, in order.
    """

    def __init__(self, plan: Sequence[PlannedRun], workers: int) -> None:
        rows = told_apart([_row(run, number) for number, run in enumerate(plan)])
        self.rows = {row.run_id: row for row in rows}
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
            self.notices.append(f"{row.name()}: {one_line(event.text)}")
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
                ORDER.index(row.state),
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

    def summary(self) -> str:
        """Return the counts and the time in one line, what matters most first."""
        left = self.seconds_left()
        ahead = f", {duration(left)} left" if left else ""
        told = counts(row.state for row in self.rows.values())
        return f"{len(self.rows)} runs{ahead}: {told}; {duration(time.monotonic() - self.started)} so far"


class LiveView:
    """A table on a screen of its own, always drawn whole: a resize or a stray line spoils one frame at most.

    What does not fit is folded into a line of counts. At the end the terminal gets its former content back, and
    below it the table as it then stands, and every notice.
    """

    def __init__(self, progress: StudyProgress, console: Console) -> None:
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
        with suppress(OSError):
            self._tell_the_end()

    def _tell_the_end(self) -> None:
        rows = sorted(self.progress.ordered(), key=lambda row: (ORDER.index(row.state), row.number))
        self.console.print(run_table(rows, self.console.width, self.console.height - CHROME))
        for notice in self.progress.notices:
            self.console.print(Text(notice, style="yellow"), soft_wrap=True)
        self.console.print(Text(self.progress.summary()), soft_wrap=True)

    def update(self, event: Event) -> None:
        """Take an event; the next redraw shows it."""
        self.progress.update(event)

    def render(self) -> Group:
        """Return the view as it stands, no higher than the terminal."""
        progress, (width, height) = self.progress, self.console.size
        total = f"{percent(share_done(progress.rows.values()))} of {progress.summary()}"
        return screen(progress.ordered(), progress.notices, total, width, height)


class PlainView:
    """A line for every run that ends and every warning, and one a minute in between."""

    def __init__(self, progress: StudyProgress, console: Console) -> None:
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
        with suppress(OSError):
            self.console.print(Text(text), soft_wrap=True)


class _Screen(Console):
    """A console that falls silent when nobody reads it any more: a view never takes a study down."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


def open_view(plan: Sequence[PlannedRun], workers: int, console: Console | None = None) -> LiveView | PlainView:
    """Return the view that fits where stderr goes."""
    if console is None:
        # FORCE_COLOR makes Rich take any file for a terminal; colours may go there, a live table may not.
        console = _Screen(stderr=True, force_interactive=None if sys.stderr.isatty() else False)
    progress = StudyProgress(plan, workers)
    return LiveView(progress, console) if console.is_interactive else PlainView(progress, console)


def _row(plan: PlannedRun, number: int) -> _Row:
    return _Row(
        run_id=plan.run_id,
        label=plan.label,
        form=plan.form,
        seed=plan.seed,
        epochs=plan.epochs,
        state=plan.state,
        epoch=plan.done,
        ap=plan.metrics.get(FIGURE),
        full_image=plan.metrics.get("full_image"),
        data=plan.data,
        number=number,
        laps=plan.laps,
    )


def _measured(row: _Row, metrics: Mapping[str, float]) -> None:
    row.ap = metrics.get(FIGURE, row.ap)
    row.full_image = metrics.get("full_image", row.full_image)


def _ended(row: _Row, event: RunEnded) -> str:
    figures = f", mAP50-95 {row.ap:.3f}, full-image {percent(row.full_image)}" if row.ap is not None else ""
    if event.status == "done":
        return f"{row.name()}: done in {duration(event.seconds)}{figures}"
    return f"{row.name()}: {event.status}: {one_line(event.reason or '')}"
