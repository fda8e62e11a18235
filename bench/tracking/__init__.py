"""Telling W&B and TensorBoard about runs. Nothing here can take a run down."""

from bench.tracking.settings_check import check_tracking
from bench.tracking.trackers import RunInfo, Tracker, TrackingConfig, open_trackers
from bench.tracking.wandb_study import StudyContent, log_study

__all__ = ["RunInfo", "StudyContent", "Tracker", "TrackingConfig", "check_tracking", "log_study", "open_trackers"]
