"""Starting and ending runs of W&B, so that nothing waits for the network for ever and nothing lands elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.errors import brief
from bench.tracking.accounts import ONLINE
from bench.tracking.credentials import mode
from bench.tracking.trackers import LOGGER, TrackingConfig
from bench.tracking.wandb_files import set_aside

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
    return os.environ.get("WANDB_PROJECT") or config.project


def tags(*words: str) -> list[str]:
    """Return words as W&B takes them for tags, each once."""
    return [word[:LONGEST_TAG] for word in dict.fromkeys(words) if word]


def start(tracking: TrackingConfig, goes_on: bool = False, **options: Any) -> Any:
    """Start a run. When the server does not answer, start anew and write files instead.

    When W&B's own process has died, it is begun anew, and the run as it is wanted; files are for when that fails too.

    Args:
        tracking: says where to.
        goes_on: whether the server's run of that id is gone on with; otherwise this one takes its place.
        options: of `wandb.init`, with the run's `id`.
    """
    tracking.folder.mkdir(parents=True, exist_ok=True)  # W&B would write to the temporary folder, and not say so
    wanted = wanted_mode(tracking)
    import wandb

    resume = "allow" if goes_on and wanted == "online" else None
    for _ in range(2):
        try:
            return _init(wanted, tracking, {**options, "resume": resume})
        except Exception as error:
            failure = error
        with contextlib.suppress(Exception):
            wandb.teardown()
        set_aside(tracking.folder, options["id"])  # the beginning of a file would stop `wandb sync`
        if isinstance(failure, wandb.errors.CommError):  # the server's doing; it is not waited for twice
            break
    if wanted != "online":
        raise failure
    run = _init("offline", tracking, options)
    Server.lost = True
    where = tracking.folder / "wandb"
    LOGGER.warning("W&B is not reached; runs are kept in %s, for `wandb sync`: %s", where, brief(failure))
    return run


def wanted_mode(tracking: TrackingConfig) -> str:
    """Return the mode in which the next run is started: W&B's, or `offline` once the server failed."""
    prepare_environment(tracking.folder)
    return "offline" if Server.lost else mode(tracking.wandb)


def place_of(run: Any, run_id: str) -> str:
    """Return where a run is told to, as `bench.tracking.accounts.Account` has it; empty where W&B is disabled."""
    if run.disabled:
        return ""
    return f"wandb/{Path(run.dir).parent.name}/run-{run_id}.wandb" if run.offline else ONLINE


def abandon(folder: Path, run_id: str, error: Exception) -> None:
    """Give up a run that failed of an error: what there is of it on disk is set aside.

    Args:
        folder: the study's.
        run_id: W&B's.
        error: what it failed of.
    """
    import wandb

    if isinstance(error, ConnectionError):  # its process has died; at exit W&B would print a traceback of that
        with contextlib.suppress(Exception):
            wandb.teardown()
    set_aside(folder, run_id)


def finish(run: Any, exit_code: int) -> None:
    """End a run.

    Raises:
        TimeoutError: the server did not take everything in time.
    """
    try:
        run.finish(exit_code=exit_code)
    except TimeoutError:
        Server.lost = True
        raise TimeoutError(f"no answer in {FINISH_TIMEOUT} s; it is told anew when the runs are over") from None


def prepare_environment(folder: Path) -> None:
    """Set what W&B reads from the environment alone, where the user has not; its process inherits it.

    What a run goes on from is for its record to say, so that what asks W&B to go on with another is dropped.
    """
    for name in ("WANDB_RESUME", "WANDB_RESUME_FROM", "WANDB_FORK_FROM"):
        os.environ.pop(name, None)
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
