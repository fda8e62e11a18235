"""W&B: a study as a whole, once its runs are over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.tracking import wandb_session
from bench.tracking.trackers import TrackingConfig, report
from bench.tracking.wandb_artifacts import log_report, use_records, wandb_id

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StudyContent:
    """What there is to tell of a study.

    Attributes:
        tables: by name: the comparison, the verdicts.
        files: of the report, content by name.
        run_ids: of the runs whose records it was made from, those that are over.
    """

    tables: Mapping[str, pd.DataFrame]
    files: Mapping[str, str]
    run_ids: Sequence[str]


def log_study(config: TrackingConfig, study: str, read: Callable[[], StudyContent]) -> None:
    """Log a study's tables, report and records as a run of its own, of job type `report`. A failure is a warning.

    The same content is the same run; it takes the place of what was told before.
    """
    if config.wandb == "off":
        return
    try:
        content = read()
        digest = hashlib.sha256(repr((study, sorted(content.files.items()))).encode()).hexdigest()[:12]
        run_id = f"{wandb_id(digest, study)}-report"
        wandb_session.set_aside(config.folder, run_id)
        run = wandb_session.start(
            config,
            id=run_id,
            name=f"{study}-report",
            group="report",
            job_type="report",
            tags=wandb_session.tags("report", study),
            config={"study": study, "runs": list(content.run_ids)},
        )
        import wandb

        # Mixed: a figure may be absent in one row and a number in the next.
        run.log({name: wandb.Table(dataframe=table, allow_mixed_types=True) for name, table in content.tables.items()})
        use_records(run, config.folder, content.run_ids, study)
        log_report(run, config.folder, content.run_ids, study, dict(content.files))
        wandb_session.finish(run, exit_code=0)
    except Exception as error:
        report("W&B has no report of this study", error)
