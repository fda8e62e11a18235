"""What must not be kept of a machine: where its user lives, and their keys."""

from __future__ import annotations

import os
from pathlib import Path

_SECRETS = ("WANDB_API_KEY", "HF_TOKEN", "ULTRALYTICS_API_KEY")


def redacted(text: str) -> str:
    """Return text with the home folder as `~` and without the keys that the environment holds."""
    for name in _SECRETS:
        if secret := os.environ.get(name):
            text = text.replace(secret, f"<{name}>")
    try:
        home = str(Path.home())
    except RuntimeError:  # this user has none
        return text
    return text if home == os.sep else text.replace(home, "~")
