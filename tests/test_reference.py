"""What is published is what its records say, byte for byte."""

from __future__ import annotations

import re
import sys

import pytest

from bench.run_folder import RunFolder
from bench.study_records import load_study
from tests.reference import README, RECORDS, STUDY, TEXT, take, written

from .report.samples import record


@pytest.fixture(scope="module")
def anew(tmp_path_factory):
    """Return the folder with the figures, and the texts by path, as the records have them now."""
    root = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:  # their pixels depend on matplotlib's version: not to be compared
        patch.setattr(sys.modules["bench.report.figures.draw"], "_png", lambda sheet: b"")
        return root, written(root)


def test_the_report_is_that_of_its_records(anew):
    published = TEXT.read_text()
    other = re.match(r"# Hybrid loss comparison: study (?!reference\n)\S+", published)
    if other:  # the README's first command writes there
        pytest.skip(f"{TEXT.name} is yours now: {other[0]}; git has the published one")
    assert published == anew[1][TEXT]


def test_the_first_screen_is_that_of_its_records(anew):
    assert README.read_text() == anew[1][README]


def test_the_figures_are_there_and_no_others(anew):
    figures = STUDY / "figures"
    drawn = {path.name for path in (anew[0] / figures.relative_to(README.parent)).iterdir()}
    assert {path.name for path in figures.iterdir()} == drawn
    assert drawn <= set(re.findall(r"\(results/reference/figures/(\S+)\)", anew[1][TEXT]))


def test_every_run_is_over_and_nothing_but_records_is_published():
    records = load_study(STUDY)
    assert {one.study for one in records} == {STUDY.name}
    assert {one.status for one in records} <= {"done", "diverged", "failed"}
    folders = {path.name for path in STUDY.iterdir() if path.is_dir()} - {"figures"}
    assert folders == {one.id for one in records}
    assert {path.name for folder in folders for path in (STUDY / folder).iterdir()} <= set(RECORDS)
    assert all((STUDY / one.id / "history.csv").exists() for one in records if one.done)


def found(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}


def test_a_data_set_is_taken_when_all_of_its_runs_are_over(tmp_path):
    whole = [record("l2", seed=0, data="whole"), record("l2", seed=1, data="whole", status="failed")]
    begun = [record("l2", seed=0, data="begun"), record("l2", seed=1, data="begun", status="running")]
    places = published, underway = tmp_path / "published", tmp_path / "underway"
    for one in [*whole, *begun]:
        folder = RunFolder(tmp_path / "study" / one.id)
        folder.write(one)
        folder.write_predictions([])
    (tmp_path / "study" / "study.json").write_text("{}")
    for place in places:
        (place / "old").mkdir(parents=True)
    assert take(tmp_path / "study", *places) == ["begun"]
    assert found(published) == {"study.json", *(f"{one.id}/run.json" for one in whole)}
    assert found(underway) == {"study.json", f"{begun[0].id}/run.json"}, "what is over, to go on from"
    RunFolder(tmp_path / "study" / begun[1].id).write(record("l2", seed=1, data="begun"))
    assert take(tmp_path / "study", *places) == []
    assert len(found(published)) == 5
    assert not underway.exists()


def test_a_study_without_a_whole_data_set_takes_nothing_away(tmp_path):
    RunFolder(tmp_path / "study" / "a").write(record("l2", status="running"))
    (tmp_path / "published" / "old").mkdir(parents=True)
    assert take(tmp_path / "study", tmp_path / "published", tmp_path / "underway") == ["documents"]
    assert (tmp_path / "published" / "old").exists()


def test_the_published_records_are_not_taken_from_where_they_are(tmp_path):
    RunFolder(tmp_path / "reference" / "a").write(record("l2"))
    with pytest.raises(SystemExit, match="another study"):
        take(tmp_path / "reference", tmp_path / "reference" / ".." / "reference")
    assert (tmp_path / "reference" / "a" / "run.json").exists()
