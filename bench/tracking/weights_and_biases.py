"""W&B: a run each, and a closing table for the study."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.evaluation.results import Result
from bench.records import RunRecord
from bench.tracking.credentials import mode
from bench.tracking.metric_names import dashboard_row
from bench.tracking.trackers import LOGGER, RunInfo, TrackingConfig, report

if TYPE_CHECKING:
    import pandas as pd

_LONGEST_TAG = 64
"""Characters; W&B refuses a run with a longer one."""
_FINISH_TIMEOUT = 60
"""Seconds that a run's end waits for the network."""

_SETTINGS = {
    # A run is described by its record. Console, code, packages and the machine are no part of that.
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "disable_job_creation": True,
    "save_code": False,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
    # Nothing waits for the network for ever.
    "init_timeout": 30,
    "finish_timeout": _FINISH_TIMEOUT,
    "finish_timeout_raises": True,
    "silent": True,
    "symlink": False,  # of the latest run: workers would fight over it
}
"""Settings of every run; those that the installed wandb does not know are left out."""


class _Server:
    """What this process has learnt of the server: once it failed, the runs that follow go to files at once."""

    lost = False


class WandbTracker:
    """Follows a run in W&B: project, group = strategy and form, config = identity, the epoch as the step."""

    def __init__(self, config: TrackingConfig, run: RunInfo) -> None:
        self._run = _start(
            config,
            id=run.id,
            name=run.name,
            group=run.group,
            tags=_tags(run.strategy, run.form or "no-mgiou", run.data, run.study),
            resume="allow",
            config={
                "strategy": run.strategy,
                "parameters": dict(run.parameters),
                "form": run.form,
                "data": run.data,
                "seed": run.seed,
                "model": run.model,
                "study": run.study,
                "settings": dict(run.settings),
            },
        )
        self._run.define_metric("epoch", hidden=True)
        self._run.define_metric("*", step_metric="epoch")

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Log one epoch."""
        self._run.log({"epoch": int(row["epoch"]), **dashboard_row(row)})

    def log_samples(self, epoch: int, results: Sequence[Result]) -> None:
        """Write nothing: there are no images here."""

    def finish(self, record: RunRecord) -> None:
        """Put the final figures and the status into the summary, and close.

        Offline, W&B's own process may still be writing the file when this returns; it outlives this one if it must.

        Raises:
            TimeoutError: the server did not take everything in time; the rest is on disk.
        """
        figures = {f"final/{name}": value for name, value in record.metrics.items()}
        reason = {"reason": record.reason} if record.reason else {}
        self._run.summary.update({"status": record.status, **reason, **figures})
        _finish(self._run, exit_code=0 if record.done else 1)


def log_study(config: TrackingConfig, study: str, table: pd.DataFrame) -> None:
    """Log a study's comparison table as a run of its own, of job type `summary`. A failure is a warning."""
    if config.wandb == "off":
        return
    try:
        run = _start(config, name=f"{study}-summary", group="summary", job_type="summary", tags=_tags(study))
        import wandb

        # Mixed: a figure may be absent in one row and a number in the next.
        run.log({"comparison": wandb.Table(dataframe=table, allow_mixed_types=True)})
        _finish(run, exit_code=0)
    except Exception as error:
        report("W&B has no summary of this study", error)


def _tags(*words: str) -> list[str]:
    return [word[:_LONGEST_TAG] for word in dict.fromkeys(words) if word]


def _start(tracking: TrackingConfig, **options: Any) -> Any:
    """Start a run. When the server or W&B's own process does not answer, start anew and write files instead."""
    tracking.folder.mkdir(parents=True, exist_ok=True)  # W&B would write to the temporary folder, and not say so
    _prepare_environment(tracking.folder)
    import wandb

    wanted = "offline" if _Server.lost else mode(tracking.wandb)
    try:
        return _init(wanted, tracking, options)
    except Exception as error:
        with contextlib.suppress(Exception):
            wandb.teardown()
        run = _init("offline", tracking, options)
        if wanted == "online":
            _Server.lost = True
            LOGGER.warning(
                "W&B is not reached; runs are kept in %s, for `wandb sync`: %s: %s",
                tracking.folder / "wandb",
                type(error).__name__,
                " ".join(str(error).split()),
            )
        return run


def _init(how: str, tracking: TrackingConfig, options: Mapping[str, Any]) -> Any:
    import wandb

    known = {name: value for name, value in _SETTINGS.items() if name in wandb.Settings.model_fields}
    return wandb.init(
        project=os.environ.get("WANDB_PROJECT", tracking.project),
        mode=how,  # type: ignore[arg-type]
        dir=str(tracking.folder),
        # W&B's default returns a run that was left open, and this one's epochs would be logged to that.
        reinit="finish_previous",
        settings=wandb.Settings(**known),  # type: ignore[arg-type]
        **options,
    )


def _finish(run: Any, exit_code: int) -> None:
    try:
        run.finish(exit_code=exit_code)
    except TimeoutError:
        _Server.lost = True
        folder = Path(run.dir).parent
        raise TimeoutError(f"no answer in {_FINISH_TIMEOUT} s; for `wandb sync --include-online`: {folder}") from None


def _prepare_environment(folder: Path) -> None:
    """Set what W&B reads from the environment alone, where the user has not; its process inherits it."""
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR"):  # beside the runs, not in the user's home
        os.environ.setdefault(name, str(folder.absolute() / "wandb" / "cache"))
