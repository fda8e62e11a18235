"""`bench data`: your own data, imported, looked at and exported."""

from __future__ import annotations

import json
import shlex
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from bench.commands import options
from bench.errors import UserError

if TYPE_CHECKING:
    from datasets import DataSet

_NAMED = 20
"""Rows that cannot be used, of those that `inspect` names; of the rest it tells the number."""

data = typer.Typer(help="Import, inspect and export data sets of your own.")

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="What --data takes: a name, a folder or data.yaml (COCO, YOLO, DOTA, labelme), or an Ultralytics YAML.",
    ),
]


class To(str, Enum):
    """Choices of `--to`."""

    coco = "coco"
    yolo_segment = "yolo-segment"
    yolo_pose = "yolo-pose"
    yolo_obb = "yolo-obb"
    labelme = "labelme"


@data.command("import")
def import_(
    source: Source,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="What --data is to call it.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of another data set of this name.")
    ] = False,
) -> None:
    """Convert a data set into the cache, where `--data NAME` finds it from then on."""
    import datasets

    found = datasets.import_as(source, name, replace=replace)
    options.say_notes(found)
    word = shlex.quote(name)
    options.say(f"{_sizes(found)}; train on them: --data {word}; look at them: python -m bench data inspect {word}")


@data.command("inspect")
def inspect_(
    source: Source,
    vertices: Annotated[
        Optional[int], typer.Option("-V", "--vertices", min=3, max=16, metavar="V", help="Look at this V.")
    ] = None,
    preview: Annotated[
        Optional[Path], typer.Option(metavar="FILE.png", help="Draw some images with their polygons there.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Write every figure as JSON.")] = False,
) -> None:
    """Count what a data set holds, say what V vertices lose of it, and advise on V and the image size."""
    if preview is not None and preview.suffix.lower() != ".png":
        raise UserError(f"--preview {preview}: it is drawn as PNG; name it FILE.png")
    from bench.inspection import inspect
    from bench.inspection.text import as_text

    found = _looked_at(source)
    figures = inspect(found)
    if preview is not None:
        from bench.files import write_named
        from bench.inspection.preview import preview as drawn

        write_named(preview, drawn(found, vertices or figures.advice.vertices))
        options.say(f"drawn: {preview}")
    if json_:
        print(json.dumps(figures.to_dict(), indent=2, allow_nan=False))
        return
    print(as_text(figures, vertices))


@data.command("export")
def export_(
    source: Source,
    to: Annotated[To, typer.Option("--to", help="The format.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Where to: a new folder.")],
) -> None:
    """Write a data set in another format, images included."""
    import datasets
    from datasets.formats.export import export

    found = datasets.load(source)
    notes = export(found, to.value, out)
    options.say_notes(found)
    for note in notes:
        options.say(f"{found.name}: {note}")
    options.say(f"{_sizes(found)}, as {to.value} in {out}")


def _looked_at(source: str) -> DataSet:
    """Return a data set; where several rows of it cannot be used, name them, so that they can be mended at once."""
    import datasets

    try:
        return datasets.load(source)
    except datasets.DataError as error:
        if len(error.every) == 1:
            raise
        for line in error.every[:_NAMED]:
            options.say(line)
        if (rest := len(error.every) - _NAMED) > 0:
            options.say(f"{rest} more {'are' if rest > 1 else 'is'} wrong")
        raise typer.Exit(2) from None


def _sizes(found: DataSet) -> str:
    told = [
        f"{len(split.images)} images of {split.name} with {sum(len(image.objects) for image in split.images)} polygons"
        for split in (found.train, found.val)
    ]
    return f"{found.name}: {' and '.join(told)}"
