"""The published study: the report at the root, its figures and the README's first screen, all from its records.

`python -m tests.reference` makes them anew from what lies in `results/reference/`; `python -m tests.reference STUDY`
takes the records from a study's folder first: data set by data set, those of which every run is over. Of the others,
what is over is kept in `results/underway/`, so that a study that takes days can go on on another machine.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.manifest import NAME as MANIFEST
from bench.records import GOES_ON, RunRecord
from bench.report import Report, load_report, render_markdown
from bench.report.arms import CORE
from bench.report.blocks import Answers
from bench.report.figures import Figure, draw
from bench.report.markdown import markdown_of
from bench.report.markup import table
from bench.report.model import FIGURE, REFERENCE, Comparison, Family, Row
from bench.report.numbers import MISSING, figure, percent
from bench.report.sections import sections
from bench.report.tables import judged
from bench.study_records import load_study
from tests.readme_tables import README, with_block

ROOT = Path(__file__).resolve().parent.parent
TEXT, STUDY = ROOT / "HYBRID_LOSS_RESULTS.md", ROOT / "results" / "reference"
UNDERWAY = ROOT / "results" / "underway"
FIGURES = "figures"
RECORDS = ("run.json", "history.csv", "bootstrap.json")
"""What is published of a run: what a report reads, and no images, weights or predictions."""
BEST = 5
"""How many of the best strategies the README shows, beside the losses alone."""
ALONE = (REFERENCE, "mgiou", "mgiou-centred")


def take(study: Path, into: Path = STUDY, underway: Path = UNDERWAY) -> list[str]:
    """Copy a study's records. Return the names of the data sets that are left out, since runs of them are not over."""
    if study.resolve() in (into.resolve(), underway.resolve()):
        raise SystemExit(f"{study}: this is where the published records are; give the folder of another study")
    records = load_study(study)
    unfinished = list(dict.fromkeys(_data(one) for one in records if one.status in GOES_ON))
    whole = [one.id for one in records if _data(one) not in unfinished]
    begun = [one.id for one in records if _data(one) in unfinished and one.status not in GOES_ON]
    if whole:
        _replace(into, study, whole)
    if begun:
        _replace(underway, study, begun)
    else:
        shutil.rmtree(underway, ignore_errors=True)
    return unfinished


def _data(record: RunRecord) -> str:
    return record.identity["data"]["name"]


def _replace(folder: Path, study: Path, run_ids: Sequence[str]) -> None:
    """Put the records of some runs of a study in the place of what is in a folder."""
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    for run_id in run_ids:
        (new / run_id).mkdir(parents=True)
        for name in RECORDS:
            if (study / run_id / name).exists():
                shutil.copyfile(study / run_id / name, new / run_id / name)
    shutil.copyfile(study / MANIFEST, new / MANIFEST)
    shutil.rmtree(folder, ignore_errors=True)  # not before there is something to take its place
    new.rename(folder)


def written(root: Path, study: Path = STUDY) -> dict[Path, str]:
    """Return the report and the README by their paths, as the records have them; the figures are drawn below `root`."""
    report = load_report(study)
    figures = draw(study, report, root / STUDY.relative_to(ROOT) / FIGURES)
    return {
        TEXT: render_markdown(report, figures, root),
        README: with_block(README.read_text(), "reference", _first_screen(report, figures, root)),
    }


def _first_screen(report: Report, figures: Sequence[Figure], root: Path) -> str:
    (family,) = report.families
    by_path = {one.path.stem: one for one in figures}
    shown = by_path.get("all-difference") or by_path[f"{family.members[0]}-difference"]
    answers = next(block for block in sections(report)[0].blocks if isinstance(block, Answers))
    rows = _table(report, family)
    return "\n\n".join(
        [
            markdown_of(answers),
            table(rows),
            f"Shown are the {BEST} of {len(_members(report, family)[0].core)} strategies with the highest mean, and "
            f"each loss alone; full-image boxes on {' / '.join(family.members)}.",
            f"{_runs(report)}; [all strategies, variants, claims and runs](HYBRID_LOSS_RESULTS.md), from "
            "[these records](results/reference), which `python -m bench report reference` reads.",
            f"![{shown.title}]({shown.path.relative_to(root).as_posix()})",
        ]
    )


def _table(report: Report, family: Family) -> pd.DataFrame:
    """Return a line each for the losses alone and for the strategies that are best over all data sets."""
    by_data = [{row.name: row for row in one.core} for one in _members(report, family)]
    over = {one.name: judged(one, one.difference) for one in family.combined if one.table == CORE}
    if not over:
        over = {row.name: judged(row, row.difference) for row in _members(report, family)[0].core if row.difference}
    names = list(dict.fromkeys([*over, *by_data[0]]))
    chosen = [name for i, name in enumerate(names) if i < BEST or by_data[0][name].strategy["name"] in ALONE]
    chosen.sort(key=lambda name: not by_data[0][name].reference)
    return pd.DataFrame([_line([rows[name] for rows in by_data], family.members, over) for name in chosen])


def _line(rows: Sequence[Row], titles: Sequence[str], over: dict[str, str]) -> dict[str, str]:
    first = rows[0]
    where = " (mean)" if len(rows) > 1 else ""
    return {
        "strategy": first.label,
        "MGIoU": first.form or MISSING,
        **{f"mAP50-95, {title}": figure(row.means[FIGURE]) for title, row in zip(titles, rows, strict=True)},
        "full-image": " / ".join(percent(row.means["full_image"]) for row in rows),
        f"difference to {REFERENCE}{where}": "reference" if first.reference else over.get(first.name, MISSING),
    }


def _members(report: Report, family: Family) -> list[Comparison]:
    """Return the comparisons that stand for a family's data sets: of each the version that is in the answers."""
    return [one for one in report.comparisons if one.title in family.members]


def _runs(report: Report) -> str:
    """Return what the runs were, in a few words."""
    one = _members(report, report.families[0])[0]
    settings = one.condition["settings"]
    seeds = len(next(row for row in one.core if row.reference).seeds)
    count = sum(len(row.seeds) for comparison in report.comparisons for row in comparison.all_rows)
    where = ", ".join(
        sorted({device for comparison in report.comparisons for device in comparison.provenance["device"]})
    )
    return (
        f"{count} runs: {seeds} seeds of {one.condition['model'].removesuffix('.yaml')} from scratch at "
        f"{settings['imgsz']} px for {settings['epochs']} epochs on {where.replace('cpu', 'a CPU')}"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for name in take(Path(sys.argv[1])):
            print(f"left out, since runs of it are not over: {name}", file=sys.stderr)
    shutil.rmtree(STUDY / FIGURES, ignore_errors=True)
    for path, text in written(ROOT).items():
        path.write_text(text)
