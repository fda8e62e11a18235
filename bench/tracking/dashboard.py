"""What one looks at a study with in W&B: a workspace and a report, made and saved with `wandb-workspaces`."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import StorageError, UserError, brief
from bench.files import write_atomic
from bench.metrics import FIGURE
from bench.tracking.credentials import mode
from bench.tracking.panels import COLUMNS, SECTIONS, Bars, Lines, Panel, Table
from bench.tracking.settings_check import check_wandb
from bench.tracking.trackers import TrackingConfig
from bench.tracking.wandb_session import project_of

if TYPE_CHECKING:
    import wandb_workspaces.reports.v2 as reports
    import wandb_workspaces.workspaces as workspaces

_FILE = "dashboard.json"
"""In the study's folder: what W&B calls that which was saved, so that it is written over the next time."""
_MOST_RUNS = 100
"""Lines in a panel; a line is a strategy, all its seeds together."""
_TIMEOUT = 20
"""Seconds that an answer of the server is waited for."""
_LONGEST_TITLE = 128


@dataclass(frozen=True)
class Definitions:
    """A workspace and a report of one study, as W&B takes them."""

    workspace: workspaces.Workspace
    report: reports.Report

    def to_json(self) -> str:
        """Return what would be sent."""
        sent = {
            "workspace": self.workspace._to_model().model_dump(mode="json", by_alias=True, exclude_none=True),
            "report": self.report._to_model().model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        return json.dumps(sent, indent=2, ensure_ascii=False) + "\n"


def define(entity: str, project: str, study: str, markdown: str) -> Definitions:
    """Return the definitions of a study; nothing is asked of the network.

    Args:
        entity: W&B's user or team.
        project: that the runs are in.
        study: its name, by which the project's runs are filtered; they are grouped by strategy, form and data set.
        markdown: the study's report.

    Raises:
        UserError: `wandb-workspaces` is not installed.
    """
    workspaces, reports, expr = packages()
    # In words, since the package's objects do not mask quotation marks; and it doubles every single equals sign.
    masked = repr(study).replace("=", r"\x3d")
    ours = f'Config("study") == {masked}'
    columns = [f"summary:{name}" for name in COLUMNS]
    workspace = workspaces.Workspace(
        entity=entity,
        project=project,
        name=re.sub(r"[^A-Za-z0-9 ._-]", "-", study),  # the package refuses much else
        sections=[
            workspaces.Section(name=name, panels=[_panel(one) for one in panels], is_open=number < 2)
            for number, (name, panels) in enumerate(SECTIONS.items())
        ],
        settings=workspaces.WorkspaceSettings(x_axis="epoch", max_runs=_MOST_RUNS),
        runset_settings=workspaces.RunsetSettings(
            filters=ours,
            groupby=[expr.Metric("Group")],
            order=[expr.Ordering(expr.Summary(f"final/{FIGURE}"), ascending=False)],
            pinned_columns=columns,
        ),
    )
    # Without an entity and a project it is of the report's; with them the server would be asked for their ids.
    runs = reports.Runset(name=study, filters=ours, groupby=["Group"])
    blocks: list[Any] = [reports.TableOfContents(), reports.MarkdownBlock(text=markdown)]
    for name, panels in SECTIONS.items():
        grid = reports.PanelGrid(runsets=[runs], panels=[_panel(one) for one in panels])
        blocks += [reports.H1(text=name), grid]
    title = f"{study}: which mix of L2 and MGIoU?"[-_LONGEST_TITLE:]
    report = reports.Report(
        entity=entity, project=project, title=title, description=f"Study {study}", blocks=blocks, width="fluid"
    )
    return Definitions(workspace, report)


def packages() -> tuple[Any, Any, Any]:
    """Return what makes workspaces, reports and filters.

    Raises:
        UserError: `wandb-workspaces` is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it uses some of pydantic's old names
        try:
            import wandb_workspaces.reports.v2 as reports
            import wandb_workspaces.workspaces as workspaces
            from wandb_workspaces import expr
        except ImportError as error:
            raise UserError(f"bench dashboard needs wandb-workspaces ({error}): pip install wandb-workspaces") from None
    return workspaces, reports, expr


def is_online() -> bool:
    """Return whether a key is configured and W&B is not set to be offline. Nothing of W&B is left anywhere.

    Raises:
        UserError: W&B does not take what it is set to, or cannot be imported.
    """
    scratch = tempfile.mkdtemp(prefix="hybrid-loss-bench-")  # W&B's own process writes a log to the folder it has
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    check_wandb(TrackingConfig("auto", False, Path(scratch)))
    return mode("auto") == "online"


def project(folder: Path) -> str:
    """Return the project that a study's runs are in."""
    return project_of(TrackingConfig("auto", False, folder))


def entity() -> str:
    """Return the user or team that the runs belong to, by asking the server unless WANDB_ENTITY says so.

    Raises:
        UserError: it gives no answer.
    """
    if told := os.environ.get("WANDB_ENTITY"):
        return told
    import wandb

    try:
        found = wandb.Api(timeout=_TIMEOUT).default_entity
    except Exception as error:
        raise _refused(error) from None
    if not found:
        raise UserError("W&B names no user or team; say which: WANDB_ENTITY=NAME python -m bench dashboard ...")
    return found


def save(definitions: Definitions, folder: Path) -> list[str]:
    """Save a study's workspace and report, in the place of those that were saved before; return their addresses.

    Raises:
        UserError: the server does not take them.
    """
    workspace, report = definitions.workspace, definitions.report
    saved = _before(folder, workspace.entity, workspace.project)
    if "workspace" in saved:
        workspace._internal_name, workspace._internal_id = saved["workspace"]
    report.id = saved.get("report", "")
    try:
        workspace.save()
        saved["workspace"] = [workspace._internal_name, workspace._internal_id]
        _remember(folder, saved)
        report.save()
        saved["report"] = report.id
        _remember(folder, saved)
        return [workspace.url, report.url]
    except StorageError:
        raise
    except Exception as error:
        raise _refused(error) from None


def _before(folder: Path, entity: str, project: str) -> dict[str, Any]:
    """Return what W&B called what was saved of a study before; only where it went is in it where nothing was."""
    nothing = {"entity": entity, "project": project}
    try:
        saved = json.loads((folder / _FILE).read_bytes())
        known = nothing.items() <= saved.items() and len(saved["workspace"]) == 2
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        known = False
    return saved if known else nothing


def _remember(folder: Path, saved: dict[str, Any]) -> None:
    write_atomic(folder / _FILE, json.dumps(saved, indent=2) + "\n")


def _panel(panel: Panel) -> Any:
    """Return a panel as W&B has it."""
    _, reports, _ = packages()
    by_strategy = {"groupby": "Group", "groupby_aggfunc": "mean", "groupby_rangefunc": "minmax"}
    if isinstance(panel, Lines):
        return reports.LinePlot(
            title=panel.metric, x="epoch", y=[panel.metric], max_runs_to_show=_MOST_RUNS, **by_strategy
        )
    if isinstance(panel, Bars):
        return reports.BarPlot(
            title=panel.metric,
            metrics=[reports.SummaryMetric(panel.metric)],
            max_bars_to_show=_MOST_RUNS,
            **by_strategy,
        )
    wide = reports.Layout(w=24, h=12)
    if isinstance(panel, Table):
        return reports.WeavePanelSummaryTable(table_name=panel.name, layout=wide)
    return reports.MediaBrowser(title=panel.name, media_keys=[panel.name], layout=wide)


def _refused(error: Exception) -> UserError:
    return UserError(f"W&B does not take it: {brief(error, 300)}")
