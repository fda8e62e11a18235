"""`bench probe`: the losses' landscape, without training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from bench.commands import options


def probe(
    area: Annotated[float, typer.Option(metavar="SHARE", help="The target's share of the image.")] = 0.62,
    tilt: Annotated[float, typer.Option(metavar="RADIANS", help="The target's rotation.")] = 0.2,
    vertices: Annotated[int, typer.Option(metavar="V", help="Vertices, 4 to 16.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Of the random pairs.")] = 0,
    json_: Annotated[bool, typer.Option("--json", help="Write every figure as JSON.")] = False,
    plot: Annotated[Optional[Path], typer.Option(metavar="FILE.png", help="Draw it too.")] = None,
) -> None:
    """Measure the losses and their gradients at the full-image box, on the way to the target, and far outside."""
    from rich.console import Console

    from bench.probe import probe as measure
    from bench.probe.claims import judged
    from bench.probe.text import tables

    found = measure(area=area, tilt=tilt, vertices=vertices, seed=seed)
    judgements = judged(found)
    if plot is not None:
        from bench.probe.plot import plot as draw

        draw(found, plot)
        options.say(f"drawn: {plot}")
    if json_:
        verdicts = [
            {
                "claim": one.claim.key,
                "text": one.claim.text,
                "verdict": one.verdict,
                "figures": [{"text": it.text, "wanted": it.wanted, "found": it.estimate} for it in one.findings],
            }
            for one in judgements
        ]
        print(json.dumps({**found.to_dict(), "verdicts": verdicts}, indent=2, allow_nan=False))
        return
    console = Console()
    for table in tables(found, judgements):
        console.print(_rich_table(table), "")


def _rich_table(table: Any) -> Any:
    """Draw a table within 80 columns: figures are never cut, headings and sentences take several lines."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=table.title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for index, header in enumerate(table.headers):
        longest = max(len(options.plain(row[index])) for row in table.rows)
        drawn.add_column(Text(str(header)), min_width=longest if longest < 20 else None)
    before = None
    for row in table.rows:
        cells = [Text(options.plain(cell)) for cell in row]
        if row[0] == before:
            cells[0] = Text()
        before = row[0]
        drawn.add_row(*cells)
    return drawn
