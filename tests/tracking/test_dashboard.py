"""The workspace and the report: they show what runs log, of one study, and are saved where they were saved before."""

from __future__ import annotations

import json

import pytest
import wandb

from bench.detector.shared_gradients import PROBE_COLUMNS
from bench.errors import UserError
from bench.history_columns import LEDGER_COLUMNS
from bench.metrics import METRICS
from bench.records import RunFolder
from bench.tracking import dashboard
from bench.tracking.metric_names import heading
from bench.tracking.panels import COLUMNS, SECTIONS, Bars, Lines

from ..commands import bench, refused
from ..report.samples import study

workspaces, reports, _ = dashboard.packages()
LOSSES = ("loss", "loss_l2", "loss_mgiou", "loss_box", "loss_cls", "loss_dfl")


@pytest.fixture
def out(tmp_path):
    for one in study(l2=[0.5, 0.6], cosine=[0.7, 0.7]):
        RunFolder(tmp_path / "main" / one.id).write(one)
    return tmp_path


def of_kind(kind):
    return {one.metric for panels in SECTIONS.values() for one in panels if isinstance(one, kind)}


def test_panels_show_what_runs_log():
    columns = (*LEDGER_COLUMNS, *PROBE_COLUMNS, *METRICS, *LOSSES, "alpha")
    assert of_kind(Lines) <= {f"{heading(column)}/{column}" for column in columns}
    final = {f"final/{name}" for name in METRICS}
    assert of_kind(Bars) <= final
    assert set(COLUMNS) <= final | {"status"}


@pytest.mark.parametrize("name", ["main", 'it\'s "mine"', "ü-ß", "a = b and c"])
def test_the_definitions_are_of_one_study_grouped_by_strategy(name):
    sent = json.loads(dashboard.define("me", "a-project", name, "# The *answer*").to_json())
    section = sent["workspace"]["spec"]["section"]
    (runs,) = section["runSets"]
    (only,) = runs["filters"]["filters"]
    assert (only["key"], only["op"], only["value"]) == ({"section": "config", "name": "study"}, "=", name)
    assert runs["grouping"] == [{"section": "run", "name": "group"}]
    assert [one["name"] for one in section["panelBankConfig"]["sections"]] == list(SECTIONS)
    shown = [len(one["panels"]) for one in section["panelBankConfig"]["sections"]]
    assert shown == [len(panels) for panels in SECTIONS.values()]
    (first, *_) = section["panelBankConfig"]["sections"][1]["panels"]
    assert first["config"]["metrics"] == ["AP/mAP50_95"]
    assert (first["config"]["xAxis"], first["config"]["groupBy"]) == ("epoch", "group")

    blocks = sent["report"]["spec"]["blocks"]
    assert [one["content"] for one in blocks if one["type"] == "markdown-block"] == ["# The *answer*"]
    grids = [one for one in blocks if one["type"] == "panel-grid"]
    assert len(grids) == len(SECTIONS)
    assert all(one["metadata"]["runSets"][0]["filters"]["filters"][0]["value"] == name for one in grids)


@pytest.fixture
def no_folder_of_wandb(monkeypatch):
    """Take away where the tests have W&B put its files; a user has not said so."""
    for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, "what it sets is undone afterwards")
        monkeypatch.delenv(name)


def beside_runs(study):
    return [path.name for path in study.iterdir() if not (path / "run.json").exists()]


@pytest.mark.usefixtures("no_folder_of_wandb")
def test_offline_it_says_what_would_be_saved(out, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **more: pytest.fail("the network was asked"))
    said = bench("dashboard", "--out", out)
    assert said.code == 0
    assert said.err.startswith("bench: W&B is offline here or has no key (wandb login): nothing is saved; ")
    assert said.out.startswith("workspace 'main' in project hybrid-loss-bench, runs with study = main, grouped by")
    for name, panels in SECTIONS.items():
        assert f"\n  {name}\n" in said.out
        assert all(f"\n    {panel.words}\n" in said.out for panel in panels)
    assert beside_runs(out / "main") == []


@pytest.mark.usefixtures("no_folder_of_wandb")
def test_json_is_what_w_and_b_would_be_sent(out):
    said = bench("dashboard", "--json", "--out", out)
    assert (said.code, said.err) == (0, "")
    assert json.loads(said.out).keys() == {"workspace", "report"}
    assert "cosine" in said.out  # the study's report is in it
    assert beside_runs(out / "main") == []


@pytest.fixture
def server(monkeypatch):
    """Return what a pretended server is sent: (kind, id it is saved over, name)."""
    sent = []

    def save_workspace(self):
        sent.append(("workspace", self._internal_id, self.entity))
        self._internal_name, self._internal_id = "nw-1-v", "w1"

    def save_report(self):
        sent.append(("report", self.id, self.entity))
        self.id = "r1"

    monkeypatch.setattr(dashboard, "mode", lambda wanted: "online")
    monkeypatch.setattr(workspaces.Workspace, "save", save_workspace)
    monkeypatch.setattr(reports.Report, "save", save_report)
    monkeypatch.setattr(workspaces.Workspace, "url", property(lambda self: "https://w"))
    monkeypatch.setattr(reports.Report, "url", property(lambda self: "https://r"))
    monkeypatch.setenv("WANDB_ENTITY", "me")
    return sent


def test_online_it_is_saved_and_saved_over(out, server, monkeypatch):
    first, second = bench("dashboard", "--out", out), bench("dashboard", "--out", out)
    assert (first.code, first.out, first.err) == (0, "", "bench: saved: https://w\nbench: saved: https://r\n")
    assert second == first
    monkeypatch.setenv("WANDB_ENTITY", "another")
    bench("dashboard", "--out", out)
    assert server == [
        ("workspace", "", "me"),
        ("report", "", "me"),
        ("workspace", "w1", "me"),
        ("report", "r1", "me"),
        ("workspace", "", "another"),
        ("report", "", "another"),
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"entity": "me", "project": "hybrid-loss-bench"}', "\xff"])
def test_a_spoilt_memory_is_no_obstacle(out, server, content):
    (out / "main" / "dashboard.json").write_text(content)
    assert bench("dashboard", "--out", out).code == 0
    assert server == [("workspace", "", "me"), ("report", "", "me")]


def test_a_server_that_refuses_is_one_line(out, server, monkeypatch):
    def refuse(self):
        raise wandb.errors.CommError("no\nsuch project")

    monkeypatch.setattr(reports.Report, "save", refuse)
    assert refused("dashboard", "--out", out) == "bench: W&B does not take it: CommError: no such project"
    assert json.loads((out / "main" / "dashboard.json").read_text())["workspace"] == ["nw-1-v", "w1"]


def test_the_entity_is_asked_for_where_nobody_says(monkeypatch):
    monkeypatch.delenv("WANDB_ENTITY", raising=False)

    class Api:
        def __init__(self, timeout):
            self.default_entity = None

    monkeypatch.setattr(wandb, "Api", Api)
    with pytest.raises(UserError, match="WANDB_ENTITY=NAME"):
        dashboard.entity()


def test_a_package_that_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "wandb_workspaces.workspaces", None)
    with pytest.raises(UserError, match="pip install wandb-workspaces"):
        dashboard.define("me", "p", "main", "")
