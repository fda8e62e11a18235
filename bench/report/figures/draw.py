"""From a report to image files."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Picture

from bench.files import write_atomic
from bench.report.figures.lettering import legible
from bench.report.figures.sheets import Sheet, combined_sheets, sheets
from bench.report.figures.style import colours, house_style
from bench.report.model import Comparison, Report

if TYPE_CHECKING:
    from datasets import DataSet

Images = Callable[[Comparison], "DataSet | None"]


@dataclass(frozen=True)
class Figure:
    """An image file.

    Attributes:
        path: of the PNG.
        title: what stands above it.
        caption: what is seen, over what, and what is left out; fit for a text in the image's place. Plain text: it
            quotes records.
    """

    path: Path
    title: str
    caption: str


def draw(folder: Path, report: Report, into: Path, images: Images | None = None) -> list[Figure]:
    """Draw a report. The same records give the same bytes.

    Args:
        folder: the study's, with a folder a run: histories and predictions are read from there.
        report: of that study.
        into: folder for the files; made when missing. What is there under other names stays.
        images: returns the data set of a comparison, to draw predictions on; None where there is none.

    Returns:
        What was drawn, in the order to show it: comparison by comparison, then what holds over several.
    """
    drawn = []
    for figure, sheet in _figures(folder, report, into, images):
        write_atomic(figure.path, _png(sheet))
        drawn.append(figure)
    return drawn


def describe(folder: Path, report: Report, into: Path) -> list[Figure]:
    """Return what `draw` would return without images, and write nothing."""
    return [figure for figure, _ in _figures(folder, report, into, None)]


def _figures(folder: Path, report: Report, into: Path, images: Images | None) -> Iterator[tuple[Figure, Sheet]]:
    """Yield a report's figures one at a time, in the house style until the next is asked for."""
    taken: set[str] = set()
    palette = colours(row for comparison in report.comparisons for row in comparison.all_rows)
    with house_style():
        for comparison in report.comparisons:
            prefix = _unique(comparison.title, taken)
            found = sheets(comparison, palette, folder, lambda one=comparison: images(one) if images else None)
            yield from _placed(found, into, prefix)
        for family in report.families:
            prefix = _unique(f"all {family.title}", taken)
            yield from _placed(combined_sheets(family, palette), into, prefix)


def _placed(found: Iterator[Sheet], into: Path, prefix: str) -> Iterator[tuple[Figure, Sheet]]:
    for sheet in found:
        yield Figure(into / f"{prefix}-{sheet.name}.png", legible(sheet.title), legible(sheet.caption)), sheet


def _png(sheet: Sheet) -> bytes:
    content = io.BytesIO()
    sheet.canvas.savefig(content, format="png", metadata={"Software": None})  # no version, no date
    with Picture.open(content) as whole:  # a third of the size, so that a repository can hold it
        content = io.BytesIO()
        whole.convert("RGB").quantize(256, method=Picture.Quantize.MEDIANCUT).save(content, "png", optimize=True)
        return content.getvalue()


def _unique(title: str, taken: set[str]) -> str:
    """Return a title as the start of a file name that no other has, on any file system."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-") or "data"
    number = 1
    while (name := plain if number == 1 else f"{plain}-{number}") in taken:
        number += 1
    taken.add(name)
    return name
