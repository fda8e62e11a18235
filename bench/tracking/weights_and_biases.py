"""W&B: a run each, and a closing table for the study."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench.records import RunRecord
from bench.tracking.metric_names import dashboard_row
from bench.tracking.trackers import LOGGER, RunInfo, TrackingConfig

if TYPE_CHECKING:
    import pandas as pd


class WandbTracker:
    """Follows a run in W&B: project, group = strategy and form, config = identity, the epoch as the step."""

    def __init__(self, config: TrackingConfig, run: RunInfo) -> None:
        self._run = _init(
            config,
            id=run.id,
            name=run.name,
            group=run.group,
            tags=[run.strategy, run.form or "no-mgiou", run.data, run.study],
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

    def finish(self, record: RunRecord) -> None:
        """Put the final figures and the status into the summary, and close."""
        self._run.summary.update({"status": record.status, **{f"final/{k}": v for k, v in record.metrics.items()}})
        self._run.finish(exit_code=0 if record.done else 1)


def log_study(config: TrackingConfig, study: str, table: pd.DataFrame) -> None:
    """Log a study's comparison table as a run of its own, of job type `summary`. A failure is a warning."""
    if config.wandb == "off":
        return
    try:
        import wandb

        run = _init(config, name=f"{study}-summary", group="summary", job_type="summary", tags=[study])
        run.log({"comparison": wandb.Table(dataframe=table)})
        run.finish()
    except Exception as error:
        LOGGER.warning("W&B has no summary of this study: %s: %s", type(error).__name__, " ".join(str(error).split()))


def mode(wanted: str) -> str:
    """Return `online` or `offline`; for `auto`, what WANDB_MODE says, else online when a key is configured."""
    if wanted != "auto":
        return wanted
    if told := os.environ.get("WANDB_MODE"):
        return told
    import wandb

    return "online" if wandb.login(prompt=False) else "offline"


def _init(tracking: TrackingConfig, **options: Any) -> Any:
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    return wandb.init(
        project=os.environ.get("WANDB_PROJECT", tracking.project),
        mode=mode(tracking.wandb),  # type: ignore[arg-type]
        dir=str(tracking.folder),
        resume="allow" if "id" in options else None,
        # A run is described by its record. Console, code, paths and the machine's load are no part of that.
        settings=wandb.Settings(
            console="off",
            disable_code=True,
            disable_git=True,
            disable_job_creation=True,
            init_timeout=30,
            save_code=False,
            silent=True,
            x_disable_meta=True,
            x_disable_stats=True,
        ),
        **options,
    )
