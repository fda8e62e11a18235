"""Telling W&B and TensorBoard about runs. Nothing here can take a run down."""

from bench.tracking.trackers import RunInfo, Tracker, TrackingConfig, open_trackers
from bench.tracking.weights_and_biases import log_study

__all__ = ["RunInfo", "Tracker", "TrackingConfig", "log_study", "open_trackers"]
