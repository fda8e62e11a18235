"""W&B: a run each."""

from __future__ import annotations

from collections.abc import Mapping

from bench.claims.quantities import EVENTS
from bench.history_columns import measured
from bench.records import GOES_ON, RunRecord
from bench.text import percent
from bench.tracking import wandb_session
from bench.tracking.metric_names import HEADINGS, dashboard_row
from bench.tracking.pictures import Picture
from bench.tracking.trackers import RunInfo, TrackingConfig, report
from bench.tracking.wandb_artifacts import log_record, wandb_id
from bench.tracking.wandb_files import set_aside

_SUMMARIES = {"AP": "max,last", "degenerate": "max,last"}
"""What the summary holds of columns under a heading; of others the last value."""
_LONGEST_TITLE = 63
"""Characters of an alert's title that W&B takes."""


class WandbTracker:
    """Follows a run in W&B: project, group = strategy and form, config = identity, the epoch as the step.

    A run that goes on after a stop goes on in W&B from the step that its server has last seen. Offline it is told anew,
    from the first epoch on, and what earlier attempts wrote is set aside: W&B holds back what it is told, so that a
    process that is killed leaves less than it was told, or a file that `wandb sync` cannot read and stops at.
    """

    def __init__(self, config: TrackingConfig, run: RunInfo, goes_on: bool = False) -> None:
        self._info, self._folder = run, config.folder
        self._id = wandb_id(run.id, run.study)
        set_aside(config.folder, self._id)
        self._run = wandb_session.start(
            config,
            goes_on=goes_on,
            id=self._id,
            name=run.name,
            group=run.group,
            job_type="train",
            tags=wandb_session.tags(run.strategy, run.form or "no-mgiou", run.data, run.study, f"seed-{run.seed}"),
            config=run.config,
        )
        self.told = max(0, self._run.starting_step - 1)
        self.place = wandb_session.place_of(self._run, self._id)
        try:
            self._describe()
        except Exception as error:
            self.give_up(error)
            raise

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Log one epoch, as the step of that number."""
        # The picture of a measured epoch follows; a step that is committed would not take it any more.
        commit = not measured(row)
        self._run.log({"epoch": int(row["epoch"]), **dashboard_row(row)}, step=int(row["epoch"]), commit=commit)

    def log_picture(self, epoch: int, picture: Picture) -> None:
        """Log what an epoch predicts."""
        import wandb

        image = wandb.Image(picture, caption=f"{self._info.name}, epoch {epoch}", file_type="jpg")
        self._run.log({"predictions": image}, step=epoch, commit=True)

    def finish(self, record: RunRecord) -> None:
        """Put the final figures and the status into the summary, the record into an artifact, and close.

        Offline, W&B's own process may still be writing the file when this returns; it outlives this one if it must.

        Raises:
            TimeoutError: the server did not take everything in time.
        """
        figures = {f"final/{name}": value for name, value in record.metrics.items()}
        timing = {f"timing/{name}": value for name, value in record.timing.items() if isinstance(value, (int, float))}
        self._run.summary.update({"status": record.status, "reason": record.reason, **figures, **timing})
        if record.status not in GOES_ON:
            self._alert(record)
            try:
                log_record(self._run, self._folder, self._info.id, self._info.study)
            except Exception as error:  # the run is still to be ended
                report("W&B has no record of this run", error)
        wandb_session.finish(self._run, exit_code=0 if record.done or record.status == "planned" else 1)

    def give_up(self, error: Exception) -> None:
        """Set aside what is on disk: `wandb sync` would stop at a file that breaks off, and at all that follow."""
        wandb_session.abandon(self._folder, self._id, error)

    def _describe(self) -> None:
        """Say what the columns are, and that the run is under way: what an earlier attempt ended with is past."""
        self._run.define_metric("epoch", hidden=True)
        for heading in HEADINGS:
            self._run.define_metric(f"{heading}/*", step_metric="epoch", summary=_SUMMARIES.get(heading))
        self._run.define_metric("predictions", step_metric="epoch")
        self._run.summary.update({"status": "running", "reason": None})

    def _alert(self, record: RunRecord) -> None:
        """Tell who follows W&B's alerts that a run diverged, or collapsed."""
        if record.status == "diverged":
            self._say(f"diverged: {self._info.name}", record.reason or "its loss is no number", "ERROR")
        elif EVENTS["stuck"].read(record):
            text = f"{percent(record.metrics['full_image'])} of the validation images end with a full-image prediction"
            self._say(f"collapsed: {self._info.name}", text, "WARN")

    def _say(self, title: str, text: str, level: str) -> None:
        self._run.alert(title[:_LONGEST_TITLE], f"{text} (study {self._info.study}, run {self._info.id})", level)
