"""`bench tensorboard`."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from bench.commands import options
from bench.errors import UserError, brief


def tensorboard(
    study: options.Study = None,
    out: options.Out = options.RESULTS,
    port: Annotated[
        Optional[int],
        typer.Option(min=0, max=65535, help="0: any free one.  [default: 6006, or the next free one]"),
    ] = None,
) -> None:
    """Show a study's scalars, pictures and settings in TensorBoard, on this machine alone, until Ctrl-C."""
    from bench.tracking.trackers import EVENTS

    folder = options.find_study(out, study)
    events = folder / EVENTS
    if not any(events.rglob("*.tfevents.*")):
        raise UserError(f"{folder} has no event files; the study's command writes them, given again with --tensorboard")
    try:
        from bench.tracking.board import serve
    except ImportError as error:
        raise UserError(f"bench tensorboard needs tensorboard ({brief(error)}): pip install tensorboard") from None

    serve(events, port, options.say)
