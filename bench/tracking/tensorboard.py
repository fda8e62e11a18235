"""TensorBoard event files, one folder a run."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path

from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import Status
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
from torch.utils.tensorboard import SummaryWriter

from bench.records import GOES_ON, RunRecord
from bench.tracking.metric_names import dashboard_row
from bench.tracking.pictures import Picture
from bench.tracking.trackers import EVENTS, RunInfo, TrackingConfig

_LONGEST = 200
"""Bytes of a run's name in that of its folder: a file system takes 255."""


class TensorBoardTracker:
    """Writes every column of history.csv as a scalar by epoch, pictures, and what the run was set to.

    A run that goes on after a stop is told anew, from the first epoch on: an earlier attempt may not have been told.
    """

    def __init__(self, config: TrackingConfig, run: RunInfo) -> None:
        self.told = 0
        folder = folder_of(config.folder, run)
        self.place = f"{EVENTS}/{folder.name}"
        # What an earlier attempt wrote is purged by the reader; no file is deleted.
        self._writer = SummaryWriter(str(folder), purge_step=0, flush_secs=10)
        self._write(metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=_session(run)))

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Write one epoch's scalars."""
        for name, value in dashboard_row(row).items():
            self._writer.add_scalar(name, value, int(row["epoch"]))
        self._writer.flush()  # for who looks at a run while it is under way

    def log_picture(self, epoch: int, picture: Picture) -> None:
        """Write what an epoch predicts."""
        self._writer.add_image("predictions", picture, epoch, dataformats="HWC")

    def finish(self, record: RunRecord) -> None:
        """Write the status and close."""
        if record.status not in GOES_ON:
            status = Status.STATUS_SUCCESS if record.done else Status.STATUS_FAILURE
            told = SessionEndInfo(status=status, end_time_secs=time.time())
            self._write(metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=told))
        self._writer.add_text("status", f"{record.status}: {record.reason}" if record.reason else record.status)
        self._writer.close()

    def give_up(self, error: Exception) -> None:
        """Close the file."""
        self._writer.close()

    def _write(self, tag: str, told: HParamsPluginData) -> None:
        """Write something for the table of hyperparameters, as its plug-in stores it.

        `SummaryWriter.add_hparams` would make a run of its own; and an `Experiment` in one run's file would decide
        which columns are shown of all others.
        """
        plugin = SummaryMetadata.PluginData(
            plugin_name=metadata.PLUGIN_NAME, content=_versioned(told).SerializeToString()
        )
        value = Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin))
        self._writer.file_writer.add_summary(Summary(value=[value]))


def folder_of(study: Path, run: RunInfo) -> Path:
    """Return the folder of a run's event files; one that it has stays, whatever the run was called then."""
    found = sorted((study / EVENTS).glob(f"*-{run.id}"))
    # A name holds what parameters are given as: a path, say. The id tells two of them apart.
    return found[0] if found else study / EVENTS / f"{_file_name(run.name)}-{run.id}"


def _file_name(name: str) -> str:
    """Return a name without what a file system takes for something else, or does not take."""
    plain = re.sub(r'[\x00-\x1f/\\<>:"|?*]', "-", name)
    return plain.encode(errors="replace")[:_LONGEST].decode(errors="ignore")


def _versioned(told: HParamsPluginData) -> HParamsPluginData:
    told.version = metadata.PLUGIN_DATA_VERSION
    return told


def _session(run: RunInfo) -> SessionStartInfo:
    """Return what a run was set to, flat: the table takes numbers, words and yes or no."""
    told = SessionStartInfo(start_time_secs=time.time())
    told_apart = {key: value for key, value in run.config.items() if key not in ("run_id", "label")}
    parameters, settings = told_apart.pop("parameters"), told_apart.pop("settings")
    values = {
        **told_apart,
        "strategy": run.label,
        "form": run.form or "none",
        **{f"strategy.{key}": value for key, value in parameters.items()},
        **{f"settings.{key}": value for key, value in settings.items()},
    }
    for name, value in values.items():
        if isinstance(value, bool):
            told.hparams[name].bool_value = value
        elif isinstance(value, (int, float)):
            told.hparams[name].number_value = value
        elif value is not None:
            told.hparams[name].string_value = str(value)
    return told
