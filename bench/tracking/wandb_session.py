"""Starting and ending runs of W&B, so that nothing waits for the network for ever and nothing lands elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.errors import brief
from bench.tracking.credentials import mode
from bench.tracking.trackers import LOGGER, TrackingConfig

LONGEST_TAG = 64
"""Characters; W&B refuses a run with a longer one."""
FINISH_TIMEOUT = 60
"""Seconds that a run's end waits for the network."""

SETTINGS = {
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
    "finish_timeout": FINISH_TIMEOUT,
    "finish_timeout_raises": True,
    "silent": True,
    "symlink": False,  # of the latest run: workers would fight over it
}
"""Settings of every run; those that the installed wandb does not know are left out."""


class Server:
    """What this process has learnt of the server: once it failed, the runs that follow go to files at once."""

    lost = False


def project_of(config: TrackingConfig) -> str:
    """Return the project that runs go to."""
    return os.environ.get("WANDB_PROJECT", config.project)


def tags(*words: str) -> list[str]:
    """Return words as W&B takes them for tags, each once."""
    return [word[:LONGEST_TAG] for word in dict.fromkeys(words) if word]


def start(tracking: TrackingConfig, goes_on: bool = False, **options: Any) -> Any:
    """Start a run. When the server or W&B's own process does not answer, start anew and write files instead.

    Args:
        tracking: says where to.
        goes_on: whether the server's run of that id is gone on with; otherwise this one takes its place.
        options: of `wandb.init`.
    """
    tracking.folder.mkdir(parents=True, exist_ok=True)  # W&B would write to the temporary folder, and not say so
    prepare_environment(tracking.folder)
    import wandb

    wanted = "offline" if Server.lost else mode(tracking.wandb)
    try:
        return _init(wanted, tracking, {**options, "resume": "allow" if goes_on and wanted == "online" else None})
    except Exception as error:
        with contextlib.suppress(Exception):
            wandb.teardown()
        run = _init("offline", tracking, options)
        if wanted == "online":
            Server.lost = True
            LOGGER.warning(
                "W&B is not reached; runs are kept in %s, for `wandb sync`: %s",
                tracking.folder / "wandb",
                brief(error),
            )
        return run


def finish(run: Any, exit_code: int) -> None:
    """End a run.

    Raises:
        TimeoutError: the server did not take everything in time; the rest is on disk.
    """
    try:
        run.finish(exit_code=exit_code)
    except TimeoutError:
        Server.lost = True
        folder = Path(run.dir).parent
        raise TimeoutError(f"no answer in {FINISH_TIMEOUT} s; for `wandb sync --include-online`: {folder}") from None


def set_aside(folder: Path, run_id: str) -> None:
    """Take what earlier attempts at a run left on disk out of the reach of `wandb sync`; nothing is deleted.

    Args:
        folder: the study's.
        run_id: W&B's.
    """
    for path in (folder / "wandb").glob(f"*run-*/run-{run_id}.wandb"):
        path.rename(path.with_suffix(".wandb.superseded"))


def prepare_environment(folder: Path) -> None:
    """Set what W&B reads from the environment alone, where the user has not; its process inherits it."""
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR"):  # beside the runs, not in the user's home
        os.environ.setdefault(name, str(folder.absolute() / "wandb" / "cache"))


def _init(how: str, tracking: TrackingConfig, options: Mapping[str, Any]) -> Any:
    import wandb

    known = {name: value for name, value in SETTINGS.items() if name in wandb.Settings.model_fields}
    return wandb.init(
        project=project_of(tracking),
        mode=how,  # type: ignore[arg-type]
        dir=str(tracking.folder),
        # W&B's default returns a run that was left open, and this one's epochs would be logged to that.
        reinit="finish_previous",
        settings=wandb.Settings(**known),  # type: ignore[arg-type]
        **options,
    )
