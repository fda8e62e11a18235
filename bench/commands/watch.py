"""`bench watch`: the report of a study that is under way, in a browser."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from bench.commands import options


def watch(
    study: options.Study = None,
    out: options.Out = options.RESULTS,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to serve it; 0: any port that is free.")] = 8765,
    data: Annotated[
        Optional[list[str]], typer.Option(metavar="NAME|DIR", help="Data of the study, for the gallery. Repeatable.")
    ] = None,
) -> None:
    """Serve the HTML report of a study to this machine alone; it follows the records. Ctrl-C ends it."""
    from bench.commands.data_of import DataOf
    from bench.live import LivePage, LiveServer

    page = LivePage(options.find_study(out, study), DataOf(data or []))
    with LiveServer(page, port) as server:
        try:
            options.say(f"watching at {server.url} (Ctrl-C ends it)")
            server.serve_forever()
        except KeyboardInterrupt:
            options.say("no longer watching")
