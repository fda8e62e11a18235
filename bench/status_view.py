"""`bench status` on a terminal: once, or again and again until all runs are over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from bench.run_table import COLUMNS, FOLDER, run_table, screen
from bench.status import StandingRow, StudyFolder, notices, total

_WIDE = 200
"""Characters in a line where there is no terminal: nothing gives way."""


def show(folder: Path, console: Console) -> None:
    """Print how every run of a study stands."""
    _print(_look(StudyFolder(folder)), console)


def watch(folder: Path, console: Console, every: float) -> None:
    """Show how a study stands until it has runs and none of them is planned or running, or until Ctrl-C.

    On a terminal the view has a screen of its own, as that of `bench run`; elsewhere a line is printed when the counts
    have changed. The table as it then stands is printed at the end.

    Args:
        folder: the study's; nothing is written to it.
        console: to draw on.
        every: seconds between two looks at the folder.
    """
    study = StudyFolder(folder)
    try:
        seen = (_on_screen if console.is_interactive else _in_lines)(study, console, every)
    except KeyboardInterrupt:
        seen = _look(study)
    _print(seen, console)


def stdout() -> Console:
    """Return the terminal that stdout goes to, or lines of some width where it goes elsewhere."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)


@dataclass(frozen=True)
class _Look:
    """What was seen of a study.

    Attributes:
        rows: its runs.
        deserted: whether nobody is at what is left of it.
        at: the time.
    """

    rows: list[StandingRow]
    deserted: bool
    at: datetime = field(default_factory=datetime.now)

    @property
    def under_way(self) -> bool:
        """Whether there is more to come: a study without runs is just being set up."""
        return not self.rows or any(row.state in ("planned", "running") for row in self.rows)

    @property
    def total(self) -> str:
        """The last line."""
        return total(self.rows, self.deserted)


def _look(study: StudyFolder) -> _Look:
    rows = study.standings()
    return _Look(rows, study.deserted(rows))


def _on_screen(study: StudyFolder, console: Console, every: float) -> _Look:
    seen = _look(study)

    def render() -> Group:
        told = f"{seen.total}; as of {seen.at:%H:%M:%S}; Ctrl-C leaves"
        return screen(seen.rows, notices(seen.rows), told, *console.size)

    with Live(get_renderable=render, console=console, refresh_per_second=2, screen=True, redirect_stdout=False):
        while seen.under_way:
            time.sleep(every)
            seen = _look(study)
    return seen


def _in_lines(study: StudyFolder, console: Console, every: float) -> _Look:
    told, seen = "", _look(study)
    while seen.under_way:
        if (now := seen.total.partition(": ")[2]) != told:
            console.print(Text(seen.total), soft_wrap=True)
            told = now
        time.sleep(every)
        seen = _look(study)
    return seen


def _print(seen: _Look, console: Console) -> None:
    console.print(run_table(seen.rows, console.width, len(seen.rows), (*COLUMNS, FOLDER)))
    for notice in notices(seen.rows):
        console.print(Text(notice, style="yellow"), soft_wrap=True)
    console.print(Text(seen.total), soft_wrap=True)
