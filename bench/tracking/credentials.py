"""Whether W&B is configured on this machine; asked without the network and without a prompt."""

from __future__ import annotations

import contextlib
import netrc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_FIRST_HOST = "api.wandb.ai"
"""Where `wandb login` stored keys before W&B's default server was given another name."""


def mode(wanted: str) -> str:
    """Return W&B's mode; for `auto`, what W&B's own settings say, else `online` when a key is configured."""
    if wanted != "auto":
        return wanted
    import wandb

    # Covers WANDB_MODE, and `wandb offline` and `wandb disabled` in their settings files.
    settings = wandb.setup().settings
    if settings.mode != "online":
        return settings.mode
    default = wandb.Settings.model_fields["base_url"].default
    return "online" if has_key(settings, default_server=settings.base_url == default) else "offline"


def has_key(settings: Any, default_server: bool) -> bool:
    """Return whether a key for the server of `settings` is in the settings, the environment or a netrc file.

    `wandb.login` is not asked: depending on its version it calls the server, prompts, or writes settings.
    """
    if settings.api_key or os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    hosts = [urlsplit(settings.base_url).netloc, *([_FIRST_HOST] if default_server else [])]
    return any(entries.authenticators(host) for entries in _netrc_files() for host in hosts)


def _netrc_files() -> Iterator[netrc.netrc]:
    told = os.environ.get("NETRC")
    for path in [told] if told else ["~/.netrc", "~/_netrc"]:
        with contextlib.suppress(OSError, RuntimeError, netrc.NetrcParseError):
            yield netrc.netrc(Path(path).expanduser())
