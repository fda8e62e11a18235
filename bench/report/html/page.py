"""The page: sections of the report, and between them what is drawn in the browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.records import STATUSES
from bench.report.blocks import Block, HouseProse, Section, Table
from bench.report.figures.histories import read_history
from bench.report.html.anchors import row_anchors, run_anchor
from bench.report.html.curves import curves_of
from bench.report.html.differences import differences_of
from bench.report.html.gallery import gallery_of
from bench.report.html.markup import data, house, shown
from bench.report.html.palette import pens
from bench.report.html.runs import runs_of
from bench.report.html.tables import view_table
from bench.report.html.verdicts import view_verdicts
from bench.report.model import Comparison, Report
from bench.report.sections import NOTHING, members_of, sections, title_of

if TYPE_CHECKING:
    from datasets import DataSet

Images = Callable[[Comparison], "DataSet | None"]

_SCRIPTS = ("base", "tables", "verdicts", "runs", "charts", "differences", "curves", "gallery", "live", "start")
"""In this order: each uses those before it."""


@dataclass(frozen=True)
class Live:
    """What a page adds that is served while its study is under way.

    Attributes:
        version: of the records it is made from; the page is loaded anew when there is another.
        as_of: when these were read, in seconds since 1970.
        told: how many runs are begun and not over, in words.
        begun: how these stand, each as run id, strategy, status, epochs and reason.
    """

    version: str
    as_of: float
    told: str = ""
    begun: tuple[tuple[str, ...], ...] = ()


def render_html(folder: Path, report: Report, images: Images | None = None, live: Live | None = None) -> str:
    """Return the report as one HTML file that asks nothing of any network.

    Args:
        folder: the study's, with a folder a run: histories, samples and predictions are read from there.
        report: of that study.
        images: returns the data set of a comparison, to draw predictions on; None where there is none.
        live: for a page that is served and follows its records; None for a file.
    """
    pen = pens([row for one in report.comparisons for row in one.all_rows])
    plots = differences_of(report, pen)
    curves, galleries = [], []
    for one in report.comparisons:
        histories = {run: read_history(folder, run) for row in one.all_rows for run in row.run_ids}
        curves.append(curves_of(one, histories, pen))
        found = images(one) if images else None
        galleries.append(gallery_of(one, folder, found, histories) if found and found.val.images else None)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title_of(report),
            status=_status(report, live is not None),
            nothing=None if report.comparisons else NOTHING,
            sections=list(_with_figures(report, plots)),
            titles=[one.title for one in report.comparisons],
            curves=curves,
            galleries=galleries,
            shapes=[one and _without_pixels(one) for one in galleries],
            plots=plots,
            runs=runs_of(report, folder),
            live=live,
            style=Markup(_asset("page.css")),
            script=Markup("\n".join(_asset(f"{name}.js") for name in _SCRIPTS)),
            plotly=Markup(_plotly()),
        )
    )


def _with_figures(report: Report, plots: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the sections; after the comparison, those that the markdown does not have."""
    anchors = row_anchors(report)
    for section in sections(report):
        yield {"key": section.key, "title": section.title, "blocks": list(_blocks(section, report, plots, anchors))}
        if section.key == "comparison":
            yield {"key": "curves", "title": "Curves by epoch", "blocks": []}
            yield {"key": "gallery", "title": "Gallery", "blocks": []}


def _blocks(
    section: Section, report: Report, plots: Sequence[Mapping[str, Any]], anchors: Mapping
) -> Iterator[dict[str, Any]]:
    families = iter(report.families)
    for block in section.blocks:
        if not isinstance(block, Table):
            yield {"kind": type(block).__name__, "block": block, "text": _text(block)}
        elif block.key == "claims":
            family = next(one for one in families if one.judgements)
            yield {"kind": "Claims", "verdicts": view_verdicts(family, members_of(family, report))}
        else:
            yield {"kind": "Table", "table": view_table(block, anchors)}
        if isinstance(block, Table) and block.key in ("comparison", "together"):
            of = None if block.of is None else report.comparisons.index(block.of)
            yield from ({"kind": "Plot", "number": i, "plot": one} for i, one in enumerate(plots) if one["of"] == of)


def _without_pixels(gallery: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the script needs of a gallery: the pictures themselves are on the page already."""
    return {**gallery, "images": [{**image, "src": image["src"] is not None} for image in gallery["images"]]}


def _text(block: Block) -> Markup | str:
    return house(block.text) if isinstance(block, HouseProse) else getattr(block, "text", "")


def _status(report: Report, live: bool) -> str:
    """Return `39 runs: 38 done, 1 failed`. Only a live page knows whether a run is running or its process is gone."""
    counts = Counter(seed.status for one in report.comparisons for row in one.all_rows for seed in row.seeds)
    words = {} if live else {"running": "on record as running"}
    told = ", ".join(f"{counts[status]} {words.get(status, status)}" for status in STATUSES if counts[status])
    return f"{counts.total()} {'run' if counts.total() == 1 else 'runs'}: {told}" if counts else "no runs"


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("bench.report.html", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["data"] = data
    found.filters["house"] = house
    found.filters["run_anchor"] = run_anchor
    return found


@cache
def _asset(name: str) -> str:
    return (resources.files("bench.report.html") / "assets" / name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    # Inside a script element, nothing else could end it.
    return get_plotlyjs().replace("</script", "<\\/script").replace("<!--", "<\\!--")
