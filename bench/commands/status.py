"""`bench status`."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from bench.commands import options
from bench.errors import UserError

EVERY = 5.0
_LONGEST = 86400.0


def status(
    study: options.Study = None,
    out: options.Out = options.RESULTS,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again and again until all runs are over; Ctrl-C leaves.")
    ] = False,
    every: Annotated[
        Optional[float],
        typer.Option(min=0.1, metavar="SECONDS", help=f"Between two looks of --watch.  [default: {EVERY:g}]"),
    ] = None,
) -> None:
    """Show every run of a study: planned, running, done, diverged, failed or interrupted, how far it is, and why."""
    from bench import status_view as view

    if every is not None and not watch:
        raise UserError(f"--every {every:g}: says how often --watch looks; give --watch as well")
    if every is not None and every > _LONGEST:
        raise UserError(f"--every {every:g}: give at most {_LONGEST:g} seconds, a day")
    folder = options.find_study(out, study)
    if watch:
        view.watch(folder, view.stdout(), every or EVERY)
    else:
        view.show(folder, view.stdout())
