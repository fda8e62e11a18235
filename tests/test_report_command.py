"""`bench report` refuses what it would otherwise misunderstand, before it writes anything."""

from __future__ import annotations

import json

import pytest

from .commands import bench, refused
from .report.html.folders import write
from .report.samples import study


@pytest.fixture
def out(tmp_path):
    write(tmp_path / "res" / "main", study(l2=[0.5, 0.6], cosine=[0.7, 0.8]))
    return tmp_path / "res"


@pytest.mark.parametrize("command", [["report"], ["report", "--format", "html"], ["watch", "--port", "0"]])
def test_data_that_a_user_names_must_be_there(out, command):
    assert "/no/such/dir" in refused(*command, "--out", out, "--data", "/no/such/dir")


@pytest.mark.parametrize(
    ("name", "form", "said"), [("x.html", "md", "html"), ("x.MD", "json", "md"), ("x.csv", "html", "csv")]
)
def test_a_file_name_must_not_belie_its_format(out, tmp_path, name, form, said):
    line = refused("report", "--out", out, "--format", form, "-o", tmp_path / name)
    assert line.endswith(f"{name}: --format is {form}; give --format {said}, or another name")
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(("name", "form"), [("x.json", "json"), ("x.txt", "md"), ("x", "csv"), ("x.tex", "latex")])
def test_other_names_are_the_users(out, tmp_path, name, form):
    assert bench("report", "--out", out, "--format", form, "-o", tmp_path / name).code == 0
    assert (tmp_path / name).read_text()


def test_a_folder_is_a_study_by_a_manifest_or_a_record(tmp_path):
    (tmp_path / "code" / "deep").mkdir(parents=True)
    for command in ("report", "status", "claims"):
        line = refused(command, "code", "--out", tmp_path)
        assert line.endswith(f"{tmp_path} has no study 'code'; it has: none")
    (tmp_path / "code" / "study.json").write_text(
        json.dumps({"schema": 1, "suite": None, "claims": "", "looks": None, "landscape": None})
    )
    assert "No run is on record" in bench("report", "code", "--out", tmp_path).out
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / ".study.lock").touch()  # a command is setting it up
    assert bench("status", "begun", "--out", tmp_path).out.endswith("0 % of 0 runs: none yet\n")


def test_lines_name_what_is_to_be_mended(out, tmp_path):
    (tmp_path / "f").touch()
    assert "choose another with --figures DIR" in refused("report", "--out", out, "--figures", tmp_path / "f")
    write(out / "other", study(l2=[0.5]))
    (out / "main").rename(out / "third")
    assert refused("status", "--out", out).endswith("holds several studies; name one of them: other, third")
    assert "--study" not in refused("status", ".", "--out", out)


@pytest.mark.parametrize("seconds", ["inf", "1e300", "86401"])
def test_nobody_waits_for_ever_between_two_looks(out, seconds):
    assert "at most 86400 seconds" in refused("status", "--watch", "--every", seconds, "--out", out)


def test_what_steers_a_terminal_is_not_passed_on(tmp_path):
    from bench.records import RunFolder

    from .report.samples import record

    one = record("l2", data="a\x1b]0;x\x07b")
    RunFolder(tmp_path / "main" / one.id).write(one)
    said = bench("claims", "--out", tmp_path)
    assert said.code == 0
    html = bench("report", "--format", "html", "--out", tmp_path)
    assert "the data are not here" in html.err
    assert not set("\x1b\x07") & set(said.out + html.err)
