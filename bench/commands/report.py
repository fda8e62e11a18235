"""`bench report` and `bench claims`: what a study's records say."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from bench.commands import options


class Format(str, Enum):
    """Choices of `--format`."""

    md = "md"
    json = "json"
    latex = "latex"
    csv = "csv"


def report(
    study: options.Study = None,
    out: options.Out = options.RESULTS,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.md,
    figures: Annotated[Optional[Path], typer.Option(metavar="DIR", help="Draw the report's figures there too.")] = None,
    data: Annotated[
        Optional[list[str]], typer.Option(metavar="NAME|DIR", help="Data of the study, for the gallery. Repeatable.")
    ] = None,
) -> None:
    """Write the comparison of a study to stdout. It reads records alone."""
    from bench.report import load_report, render

    folder = options.find_study(out, study)
    found = load_report(folder)
    if figures is not None:
        _draw(folder, found, figures, data or [])
    sys.stdout.write(render(found, format_.value))


def claims(
    study: options.Study = None,
    out: options.Out = options.RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="Write every figure as JSON.")] = False,
) -> None:
    """Judge the declared claims by a study's records: SUPPORTED, REFUTED, UNDECIDED or NOT RUN, with the evidence."""
    from bench.claims.show import to_json, to_text
    from bench.report import load_report

    found = load_report(options.find_study(out, study))
    sys.stdout.write(to_json(found.comparisons) if json_ else to_text(found.comparisons))


def _draw(folder: Path, found: Any, into: Path, sources: list[str]) -> None:
    """Draw figures; the gallery only where the data are still those that were trained on."""
    import datasets
    from bench.report.figures import draw

    def images(comparison: Any) -> Any:
        wanted = comparison.condition["data"]
        for source in (*sources, wanted["name"]):
            try:
                loaded = datasets.load(source)
            except datasets.DataError:
                continue
            if loaded.fingerprint == wanted["fingerprint"]:
                return loaded
        options.say(f"{wanted['name']}: the data are not here as they were; no gallery is drawn")
        return None

    options.writable(into)
    for figure in draw(folder, found, into, images):
        options.say(f"drawn: {figure.path}")
