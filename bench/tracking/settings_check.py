"""Whether trackers can work as they are set: asked before anything is begun, without the network."""

from __future__ import annotations

import importlib

from bench.errors import UserError, brief
from bench.tracking.trackers import TrackingConfig
from bench.tracking.wandb_session import prepare_environment, project_of


def check_tracking(config: TrackingConfig) -> None:
    """Make sure that nothing keeps every run of a study from being told.

    Args:
        config: who is told.

    Raises:
        UserError: W&B does not take what it is set to, or a package cannot be imported.
    """
    if config.wandb != "off":
        try:
            check_wandb(config)
        except UserError as error:
            raise UserError(f"{error}; mend that, or give --wandb off") from None
    if config.tensorboard:
        try:
            importlib.import_module("bench.tracking.tensorboard")
        except Exception as error:  # a package that is there and broken, too
            raise UserError(f"--tensorboard: TensorBoard cannot be used: {brief(error, 300)}") from None


def check_wandb(config: TrackingConfig) -> None:
    """Make sure that W&B takes what the environment and its settings files say.

    Args:
        config: says which project runs go to.

    Raises:
        UserError: it does not, or cannot be imported.
    """
    prepare_environment(config.folder)
    try:
        import wandb

        try:
            wandb.setup()
            wandb.Settings(project=project_of(config))
        finally:
            wandb.teardown()  # workers would have this process's service for theirs, and all stand and fall with it
    except Exception as error:  # of several kinds; an import may fail in any way
        raise UserError(f"W&B cannot be used: {_told(error)}") from None


def _told(error: Exception) -> str:
    """Return what is wrong in a line; pydantic takes several, and links to its manual."""
    if not hasattr(error, "errors"):
        return brief(error, 300)
    found = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
    return "; ".join(f"its setting {name} (WANDB_{name.upper()}): {text}" for name, text in found)
