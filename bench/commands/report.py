"""`bench report` and `bench claims`: what a study's records say."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from bench.commands import options
from bench.errors import UserError


class Format(str, Enum):
    """Choices of `--format`."""

    md = "md"
    json = "json"
    latex = "latex"
    csv = "csv"
    html = "html"


_SUFFIXES = {
    ".md": Format.md,
    ".markdown": Format.md,
    ".json": Format.json,
    ".tex": Format.latex,
    ".csv": Format.csv,
    ".html": Format.html,
    ".htm": Format.html,
}
"""File names that say what is in the file."""


def report(
    study: options.Study = None,
    out: options.Out = options.RESULTS,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.md,
    output: Annotated[
        Optional[Path], typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead of stdout.")
    ] = None,
    figures: Annotated[
        Optional[Path], typer.Option(metavar="DIR", help="Draw figures there too; Markdown shows them.")
    ] = None,
    data: Annotated[
        Optional[list[str]], typer.Option(metavar="NAME|DIR", help="Data of the study, for the gallery. Repeatable.")
    ] = None,
) -> None:
    """Write the comparison of a study. It reads records alone."""
    from bench.commands.data_of import DataOf
    from bench.report import load_report, render, render_markdown

    folder = options.find_study(out, study)
    if output is not None:
        _check_output(output, format_)
    found, images = load_report(folder), DataOf(data or [])
    drawn = [] if figures is None else _draw(folder, found, figures, images)
    if format_ is Format.html:
        from bench.report.html import render_html

        text = render_html(folder, found, images)
    elif format_ is Format.md:
        text = render_markdown(found, drawn, output.parent if output else None)
    else:
        text = render(found, format_.value)
    if output is None:
        sys.stdout.write(text)
    else:
        from bench.files import write_named

        write_named(output, text)


def claims(
    study: options.Study = None,
    out: options.Out = options.RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="Write every figure as JSON.")] = False,
) -> None:
    """Judge the declared claims by a study's records: SUPPORTED, REFUTED, UNDECIDED or NOT RUN, with the evidence."""
    from bench.claims.show import to_json, to_text
    from bench.report import load_report
    from bench.report.method import claims_set

    found = load_report(options.find_study(out, study))
    sys.stdout.write(to_json(found) if json_ else to_text(found, claims_set(found)))


def _check_output(path: Path, form: Format) -> None:
    if path.is_dir():
        raise UserError(f"--output {path}: this is a folder; give the name of a file")
    said = _SUFFIXES.get(path.suffix.lower(), form)
    if said is not form:
        raise UserError(f"--output {path}: --format is {form.value}; give --format {said.value}, or another name")


def _draw(folder: Path, found: Any, into: Path, images: Any) -> list[Any]:
    """Draw figures; the gallery only where the data are still those that were trained on."""
    from bench.report.figures import draw
    from bench.report.figures.gallery import pictured

    options.writable(into, "--figures DIR")
    drawn = draw(folder, found, into, images)
    for figure in drawn:
        options.say(f"drawn: {figure.path}")
    for one in found.comparisons:
        if images(one) is not None and not pictured(one.all_rows, folder):
            options.say(f"{one.title}: no run that is done has kept its predictions; no gallery is drawn")
    return drawn
