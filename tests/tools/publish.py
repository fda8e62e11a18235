"""`python -m tests.tools.publish STUDY`: takes the records of a study, and writes the texts and figures they make.

They are taken data set by data set: into `results/reference/` those of which every run is over. Of the others, what is
over is kept in `results/underway/reference/`, so that a study that takes days can go on on another machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.errors import UserError
from bench.manifest import NAME as MANIFEST
from bench.records import GOES_ON, RunRecord, load_study
from tests.tools.places import STUDY, UNDERWAY
from tests.tools.regenerate import regenerate

RECORDS = ("run.json", "history.csv", "bootstrap.json")
"""What is published of a run: what a report reads, and no images, weights or predictions."""


def take(study: Path, into: Path = STUDY, underway: Path = UNDERWAY) -> list[str]:
    """Copy a study's records. Return the names of the data sets that are left out, since runs of them are not over.

    Raises:
        UserError: there are no records, or these are the published ones themselves.
    """
    if study.resolve() in (into.resolve(), underway.resolve()):
        raise UserError(f"{study}: this is where the published records are; give the folder of another study")
    records = load_study(study)
    if not records:
        raise UserError(f"{study}: no run is on record here; give the folder of a study")
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


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.publish", description=__doc__.partition("\n")[0])
    parser.add_argument("study", type=Path, metavar="STUDY", help="the folder of a study")
    try:
        for name in take(parser.parse_args().study):
            print(f"left out, since runs of it are not over: {name}", file=sys.stderr)
        regenerate(figures=True)
    except UserError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
