"""A study as a whole in W&B: its tables, and its report with the records that it rests on."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
import wandb

from bench.commands.run import _content
from bench.records import RunFolder
from bench.tracking import StudyContent, log_study, trackers, wandb_session

from ..report.samples import record, study
from .following import config, read_back, said, summary


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch):
    monkeypatch.setattr(trackers, "_REPORTED", set())
    monkeypatch.setattr(wandb_session.Server, "lost", False)


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a study with five runs, one failed and one planned."""
    records = study(l2=[0.5, 0.6], cosine=[0.7])
    records += [record("mgiou", status="failed", reason="boom", form="paper"), record("step", status="planned")]
    for one in records:
        RunFolder(tmp_path / one.id).write(one)
        if one.done:
            RunFolder(tmp_path / one.id).write_history([{"epoch": 1, "loss": 1.0}])
    return tmp_path


def table(run, name):
    (path,) = (run["folder"] / "files" / "media" / "table").glob(f"{name}_*.json")
    written = json.loads(path.read_text())
    return [dict(zip(written["columns"], line, strict=True)) for line in written["data"]]


def test_the_report_is_a_run_with_its_tables_and_what_it_rests_on(folder):
    log_study(config(folder, "offline"), "main", lambda: _content(folder))
    (run,) = read_back(folder).values()
    (about,) = run["run"]
    assert (about["job_type"], about["display_name"], about["run_group"]) == ("report", "main-report", "report")
    assert about["tags"] == ["report", "main"]
    over = sorted(path.parent.name for path in folder.glob("*/run.json") if '"planned"' not in path.read_text())
    assert about["config"]["update"]["study"] == "main"
    assert sorted(about["config"]["update"]["runs"]) == over
    assert len(over) == 4

    comparison = table(run, "comparison")
    found = {row["strategy"]: row["mAP50_95"] for row in comparison if row["done"]}
    assert found == {"l2": pytest.approx(0.55), "cosine": pytest.approx(0.7)}
    verdicts = table(run, "verdicts")
    assert {"SUPPORTED", "REFUTED", "UNDECIDED", "NOT RUN"} >= {row["verdict"] for row in verdicts}
    assert len({row["claim"] for row in verdicts}) == len(verdicts) > 10

    *used, report = [one for one in run["artifact"] if one["type"] != "run_table"]
    assert sorted(one["name"] for one in used) == [f"record-{run_id}-main" for run_id in over]
    assert all(one["use_after_commit"] and one["type"] == "record" for one in used)
    assert (report["name"], report["type"], report.get("use_after_commit")) == ("main-report", "report", None)
    paths = {one["path"] for one in report["manifest"]["contents"]}
    assert {"report.md", "report.json"} | {f"records/{run_id}/run.json" for run_id in over} <= paths
    assert sum(path.endswith("history.csv") for path in paths) == 3
    assert not any(path.endswith(".pt") for path in paths)


def test_a_study_has_one_report_which_is_told_once(folder):
    told = _content(folder)
    for _ in range(3):
        log_study(config(folder, "offline"), "main", lambda: told)
        assert list(read_back(folder)) == ["main-report"]  # which takes two files of one run amiss
    assert len(list((folder / "wandb").glob("offline-run-*"))) == 1
    log_study(config(folder, "offline"), "main", lambda: StudyContent({}, {"report.md": "another"}, []))
    (run,) = read_back(folder).values()
    assert run["run"][0]["config"]["update"]["runs"] == []


def test_a_report_whose_file_is_broken_is_told_anew(folder):
    log_study(config(folder, "offline"), "main", lambda: _content(folder))
    wandb.teardown()
    (path,) = (folder / "wandb").glob("*/*.wandb")
    path.write_bytes(path.read_bytes()[:7])
    log_study(config(folder, "offline"), "main", lambda: _content(folder))
    assert list(read_back(folder)) == ["main-report"]


def test_no_copy_of_a_record_is_kept(folder):
    for path in folder.glob("*/history.csv"):
        path.write_text("epoch,loss\n" + "1,0.5\n" * 100_000)
    log_study(config(folder, "offline"), "main", lambda: _content(folder))
    read_back(folder)
    one = next(folder.glob("*/history.csv")).stat().st_size
    assert sum(path.stat().st_size for path in (folder / "wandb").rglob("*") if path.is_file()) < one


def test_a_table_of_mixed_columns_is_logged(tmp_path, caplog):
    mixed = pd.DataFrame({"a": [1, None, "x"], "b": [math.nan, 1.0, None]})
    log_study(config(tmp_path, "offline"), "main", lambda: StudyContent({"comparison": mixed}, {}, []))
    (run,) = read_back(tmp_path).values()
    assert summary(run)["comparison.nrows"] == 3
    assert said(caplog) == []


def test_a_report_that_cannot_be_made_is_a_warning(tmp_path, caplog):
    def told():
        raise RuntimeError("records\nare gone")

    log_study(config(tmp_path, "offline"), "main", told)
    assert said(caplog) == ["W&B has no report of this study: RuntimeError: records are gone"]
