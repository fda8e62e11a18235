"""`bench status` on a terminal: once, or again and again until all runs are over."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from bench.run_table import COLUMNS, FOLDER, counts, run_table, screen
from bench.status import StandingRow, StudyFolder, notices, total

_WIDE = 200
"""Characters in a line where there is no terminal: nothing gives way."""


def show(folder: Path, console: Console) -> None:
    """Print how every run of a study stands."""
    _print(StudyFolder(folder).standings(), console)


def watch(folder: Path, console: Console, every: float) -> None:
    """Show how a study stands until none of its runs is planned or running, or until Ctrl-C.

    On a terminal the view has a screen of its own, as that of `bench run`; elsewhere a line is printed when the counts
    have changed. The table as it then stands is printed at the end.

    Args:
        folder: the study's; nothing is written to it.
        console: to draw on.
        every: seconds between two looks at the folder.
    """
    study = StudyFolder(folder)
    rows = study.standings()
    try:
        if console.is_interactive:
            rows = _on_screen(study, rows, console, every)
        else:
            rows = _in_lines(study, rows, console, every)
    except KeyboardInterrupt:
        rows = study.standings()
    _print(rows, console)


def stdout() -> Console:
    """Return the terminal that stdout goes to, or lines of some width where it goes elsewhere."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)


def _on_screen(study: StudyFolder, rows: list[StandingRow], console: Console, every: float) -> list[StandingRow]:
    looked = datetime.now()

    def render() -> Group:
        told = f"{total(rows)}; as of {looked:%H:%M:%S}; Ctrl-C leaves"
        return screen(rows, notices(rows), told, *console.size)

    with Live(get_renderable=render, console=console, refresh_per_second=2, screen=True, redirect_stdout=False):
        while _under_way(rows):
            time.sleep(every)
            rows, looked = study.standings(), datetime.now()
    return rows


def _in_lines(study: StudyFolder, rows: list[StandingRow], console: Console, every: float) -> list[StandingRow]:
    told = ""
    while _under_way(rows):
        now = counts(row.state for row in rows)
        if now != told:
            console.print(Text(total(rows)), soft_wrap=True)
            told = now
        time.sleep(every)
        rows = study.standings()
    return rows


def _under_way(rows: list[StandingRow]) -> bool:
    return any(row.state in ("planned", "running") for row in rows)


def _print(rows: list[StandingRow], console: Console) -> None:
    console.print(run_table(rows, console.width, len(rows), (*COLUMNS, FOLDER)))
    for notice in notices(rows):
        console.print(Text(notice, style="yellow"), soft_wrap=True)
    console.print(Text(total(rows)), soft_wrap=True)
