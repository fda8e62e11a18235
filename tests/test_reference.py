"""What is published is what its records say, byte for byte."""

from __future__ import annotations

import itertools
import re
import shlex

import pytest

import datasets
import strategies
from bench.commands.options import Form
from bench.commands.wanted import Suite, wanted
from bench.errors import UserError
from bench.records import RunFolder, load_study
from bench.report import load_report
from bench.report.figures import describe
from bench.report.numbers import percent
from tests.models import USUAL
from tests.tools.places import FIGURES, README, ROOT, STUDY, TEXT
from tests.tools.publish import RECORDS, take
from tests.tools.regenerate import COMMAND, regenerate, texts

from .generated import assert_generated
from .report.reading import table
from .report.samples import record


@pytest.fixture(scope="module")
def report():
    """Return the published report as its records have it now."""
    return load_report(STUDY)


@pytest.fixture(scope="module")
def figures(report):
    """Return its figures; of their pixels, which depend on matplotlib's version, nothing is compared."""
    return describe(STUDY, report, FIGURES)


@pytest.fixture(scope="module")
def generated(report, figures):
    """Return the texts by path."""
    return texts(report, figures)


def test_the_report_is_that_of_its_records(generated):
    published = TEXT.read_text(encoding="utf-8")
    other = re.match(r"# Hybrid loss comparison: study (?!reference\n)\S+", published)
    if other:  # the README's first command writes there
        pytest.skip(f"{TEXT.name} is yours now: {other[0]}; git has the published one")
    assert_generated(TEXT, generated[TEXT])


def test_the_first_screen_is_that_of_its_records(generated):
    assert_generated(README, generated[README])


def test_the_first_screen_shows_the_bow_ties_that_a_hull_hides(generated, report):
    rows = {row["strategy"]: row for row in table(generated[README], "full-image")}
    (family,) = report.families
    members = [one for one in report.comparisons if one.title in family.members]
    rates = [row.means["bow_tie"] for one in members for row in one.core if row.label == "mgiou"]
    assert max(rates) > 0.3
    assert rows["mgiou"]["bow tie"] == " / ".join(map(percent, rates))
    assert "mAP50-95 is of the convex hull of the vertices; rings as predicted are in the report." in generated[README]


def test_what_is_said_of_adaptive_is_so_in_its_published_runs():
    """Its alpha never moved, and r, MGIoU's gradient over L2's, lies around 1: so say the README and the docstring."""
    runs = [one for one in load_study(STUDY) if one.identity["strategy"]["name"] == "adaptive"]
    assert runs
    for one in runs:
        history = RunFolder(STUDY / one.id).read_history()
        assert set(history["alpha"].round(6)) == {0.3}
        if one.form == "paper":
            assert 0.5 < (history["grad_mgiou"] / history["grad_l2"]).median() < 2
    assert "r lies around 1 in the paper's form" in README.read_text(encoding="utf-8")
    assert "and lies around 1 in the paper's form" in (strategies.build("adaptive").__doc__ or "")


def test_the_figures_are_there_and_no_others(figures, generated):
    drawn = {one.path.name for one in figures}
    assert {path.name for path in FIGURES.iterdir()} == drawn, f"{COMMAND} --figures draws them anew"
    assert drawn <= set(re.findall(r"\(results/reference/figures/(\S+)\)", generated[TEXT]))


def test_texts_are_written_anew_and_figures_only_when_asked_for(tmp_path, monkeypatch):
    """The command, on a report of its own."""
    empty, text, pictures = load_report(tmp_path), tmp_path / "report.md", tmp_path / "figures"
    pictures.mkdir()
    (pictures / "old.png").write_bytes(b"as drawn by another version")
    text.write_text("old")
    monkeypatch.setattr("tests.tools.regenerate.load_report", lambda _: empty)
    monkeypatch.setattr("tests.tools.regenerate.FIGURES", pictures)
    monkeypatch.setattr("tests.tools.regenerate.texts", lambda report, figures: {text: "new"})
    assert regenerate(figures=False) == [text]
    assert (text.read_text(), regenerate(figures=False)) == ("new", [])
    assert [path.name for path in pictures.iterdir()] == ["old.png"]
    regenerate(figures=True)
    assert not pictures.exists()


def test_the_readme_names_the_command():
    contributing = README.read_text(encoding="utf-8").partition("## Contributing")[2]
    assert f"`{COMMAND}`" in contributing


def test_a_text_that_differs_shows_its_first_lines_and_the_command(tmp_path):
    path = tmp_path / "text.md"
    path.write_text("\n".join(["same", "x" * 1000 + " one word", *["other"] * 1000]))
    with pytest.raises(pytest.fail.Exception) as failed:
        assert_generated(path, "\n".join(["same", "x" * 1000 + " two words", *["others"] * 1000]))
    told = str(failed.value)
    assert COMMAND in told
    assert "line 2" in told
    assert "one word" in told
    assert "two words" in told
    assert len(told) < 2000
    assert_generated(path, path.read_text())


def test_every_run_is_over_and_nothing_but_records_is_published():
    records = load_study(STUDY)
    assert {one.study for one in records} == {STUDY.name}
    assert {one.status for one in records} <= {"done", "diverged", "failed"}
    folders = {path.name for path in STUDY.iterdir() if path.is_dir()} - {"figures"}
    assert folders == {one.id for one in records}
    assert {path.name for folder in folders for path in (STUDY / folder).iterdir()} <= set(RECORDS)
    assert all((STUDY / one.id / "history.csv").exists() for one in records if one.done)


@pytest.mark.parametrize("data", ["documents", "parcels", "../shared/data/grids", "../shared/data/windows"])
def test_the_commands_of_its_readme_plan_the_published_runs(data, request):
    """Of today's code and words: what a run is told by has not changed since."""
    source = data
    if data not in datasets.names():
        source = str(request.getfixturevalue("real_data") / data.rpartition("/")[2])
    lines = re.findall(r"^    python -m bench run (.+ --study again .+)$", _joined("results/README.md"), re.M)
    (words,) = (words for words in map(shlex.split, lines) if data in words)
    given = dict(itertools.pairwise(words))
    asked = wanted(
        all_=False, strategy=None, suite=Suite(given["--suite"]), seeds=int(given["--seeds"]), data=[source],
        mgiou=Form.paper, vertices=None, model=USUAL, set_=[given["--set"]], quick=False, aa=False, plugin=None,
    )  # fmt: skip
    planned = {run.id for run in asked.runs(given["--precision"])}
    assert planned == {one.id for one in load_study(STUDY) if one.identity["data"]["name"] == source.rpartition("/")[2]}


def _joined(path):
    """Return a text whose commands stand on a line each."""
    return (ROOT / path).read_text(encoding="utf-8").replace("\\\n", " ")


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
    with pytest.raises(UserError, match="another study"):
        take(tmp_path / "reference", tmp_path / "reference" / ".." / "reference")
    assert (tmp_path / "reference" / "a" / "run.json").exists()


def test_a_folder_without_records_takes_nothing_away(tmp_path):
    (tmp_path / "underway" / "old").mkdir(parents=True)
    with pytest.raises(UserError, match="no run is on record"):
        take(tmp_path / "nowhere", tmp_path / "published", tmp_path / "underway")
    assert (tmp_path / "underway" / "old").exists()
