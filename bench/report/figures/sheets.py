"""What is drawn of a comparison, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure as Canvas

from bench.evaluation.samples import followed
from bench.evenly import evenly
from bench.report.arms import CORE, VARIANT
from bench.report.figures import charts, curves, forest, gallery, panels
from bench.report.figures.groups import Group, groups_of, pages
from bench.report.figures.histories import Histories
from bench.report.model import REFERENCE, Comparison, Family, Row
from bench.report.numbers import names as listed
from bench.statistics import HOLM, LOOKS, LOST_RUNS, NO_SPREAD

if TYPE_CHECKING:
    from datasets import DataSet

_KEPT_OPEN = {
    LOOKS: " Looks: decided if this had been the only look, but not after so many.",
    HOLM: " Holm: decided on its own, but not among so many.",
    NO_SPREAD: " No spread: the same at every seed, which no number of such seeds would decide.",
    LOST_RUNS: " Lost runs: who is ahead lost some, so that what is left of it shows nothing, at any number of seeds.",
}
"""What a verdict that is kept open means."""


@dataclass(frozen=True)
class Sheet:
    """A figure before it has a file.

    Attributes:
        name: of the file, without the comparison's.
        title: of the figure.
        caption: what is seen, over what, and what is left out.
        canvas: matplotlib's figure.
    """

    name: str
    title: str
    caption: str
    canvas: Canvas


def sheets(
    comparison: Comparison, palette: Mapping[str, str], folder: Path, data: Callable[[], DataSet | None]
) -> Iterator[Sheet]:
    """Yield the figures of a comparison, one at a time: together they may be large.

    Args:
        comparison: of a report.
        palette: colours of its rows, by name.
        folder: the study's, with a folder a run.
        data: returns the images for the gallery, or None; asked last.
    """
    groups = groups_of(comparison)
    every = [row for group in groups for row in group.rows]
    yield from _differences(comparison.title, groups, palette)
    yield from _curves(comparison.title, groups, palette, Histories(folder, every))
    found = data()
    if found is not None and found.val.images:
        yield from _galleries(comparison.title, groups, folder, found)


def combined_sheets(family: Family, palette: Mapping[str, str]) -> Iterator[Sheet]:
    """Yield the differences over all data sets of a family, where there are any."""
    over = listed(family.members)
    groups = [
        Group(key, what, tuple(row for row in family.combined if row.table == table))
        for key, what, table in (("", "strategies", CORE), ("variants", "variants", VARIANT))
    ]
    yield from _differences(f"mean over {over}", groups, palette, f" Each seed's is the mean over {over}.")


def _differences(title: str, groups: Sequence[Group], palette: Mapping[str, str], more: str = "") -> Iterator[Sheet]:
    heading = f"{title}: difference in mAP50-95 to {REFERENCE}"
    for page, part in pages(heading, groups, lambda group: forest.compared(group.rows), forest.MOST):
        view = forest.view_of(forest.compared(page.group.rows))
        drawn = forest.draw_forest(page.heading, part, palette, view)
        caption = _difference(part, view) + more + _left_out(page.group)
        yield Sheet(f"difference{page.suffix}", page.heading, caption, drawn)


def _curves(title: str, groups: Sequence[Group], palette: Mapping[str, str], histories: Histories) -> Iterator[Sheet]:
    reference = next((row.name for group in groups for row in group.rows if row.reference), None)
    for chart in charts.CHARTS:

        def chosen(group: Group, chart: charts.Chart = chart) -> list[str]:
            return curves.drawn_names(chart, [row.name for row in group.rows], histories)

        for page, names in pages(f"{title}: {chart.title}", groups, chosen, panels.MOST):
            drawn = curves.draw_curves(chart, page.heading, names, histories, palette, reference)
            with_it = chosen(page.group)
            without = [row.name for row in page.group.rows if row.done and row.name not in with_it]
            band = _band([curves.runs(chart, name, histories) for name in names])
            caption = (
                f"{_count(len(names), page.group.what)}, a panel each: {chart.title}, {band}."
                f"{curves.notes(chart, names, histories)}"
                f"{_left_out(page.group, 'not on record', without)}"
            )
            yield Sheet(f"{chart.name}{page.suffix}", page.heading, caption, drawn)


def _galleries(title: str, groups: Sequence[Group], folder: Path, data: DataSet) -> Iterator[Sheet]:
    images = evenly(followed(data.val), gallery.IMAGES)
    numbers = ", ".join(str(image.id) for image in images)
    where = f"{len(images)} of {len(data.val.images)} validation images, chosen by their ids alone ({numbers})"
    heading = f"{title}: predictions on the same images"
    for page, rows in pages(heading, groups, lambda group: gallery.pictured(group.rows, folder), gallery.MOST):
        shown = [row.name for row in gallery.pictured(page.group.rows, folder)]
        without = [row.name for row in page.group.rows if row.done and row.name not in shown]
        caption = (
            f"Truth and best predictions, as rings of vertices and as the hulls that are scored, of "
            f"{_count(len(rows), page.group.what)}, each at its lowest seed that is done, on {where}; "
            f"AP is that run's mAP50-95.{_left_out(page.group, 'without predictions', without)}"
        )
        drawn = gallery.draw_gallery(page.heading, rows, images, folder)
        yield Sheet(f"gallery{page.suffix}", page.heading, caption, drawn)


def _difference(rows: Sequence[forest.Comparable], view: forest.View) -> str:
    beyond = [row.name for row in rows if row.name in view.beyond]
    clipped = f"; the scale is cut for {listed(beyond)}, whose seeds beyond it stand as numbers" if beyond else ""
    open_by = {row.kept_open_by for row in rows}
    why = "".join(told for reason, told in _KEPT_OPEN.items() if reason in open_by)
    shown = f"Every seed's difference, their mean and its 95 % t-interval, of {_count(len(rows), 'rows')}"
    alone = any(row.difference.interval is None and not row.difference.constant for row in rows)
    bare = " Where there is no interval, seeds have no spread yet." if alone else ""
    return f"{shown}{clipped}.{why}{bare}"


def _band(runs: Sequence[int]) -> str:
    if max(runs) == 1:
        return "of one run each"
    least = min(runs)
    seeds = f"{least}" if least == max(runs) else f"{least} to {max(runs)}"
    return f"of which the line is the mean over {seeds} seeds, the band reaches from the lowest seed to the highest"


def _left_out(group: Group, lacking: str = "", without: Sequence[str] = ()) -> str:
    """Return what a figure of a group does not show, as a sentence; empty where it shows all."""
    undone = sum(row.planned - row.done for row in group.rows if isinstance(row, Row))
    told = [f"{_count(undone, 'runs')} that {'is' if undone == 1 else 'are'} not done"] if undone else []
    if without:
        told.append(f"{lacking}: {listed(without)}")
    return f" Left out: {'; '.join(told)}." if told else ""


def _count(number: int, what: str) -> str:
    """Return `2 runs`, `1 run`, `1 strategy`."""
    one = f"{what[:-3]}y" if what.endswith("ies") else what[:-1]
    return f"{number} {one if number == 1 else what}"
