"""Ultralytics at work, quietly, whatever the process has told it before."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

_VALUES = {"YOLO_OFFLINE": "false", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}


def datasets_dir() -> Path:
    """Return the folder that Ultralytics keeps data sets in, as its settings say."""
    with online():
        from ultralytics.utils import SETTINGS

        return Path(SETTINGS["datasets_dir"])


@contextlib.contextmanager
def online() -> Iterator[None]:
    """Let Ultralytics use the network. The harness forbids it otherwise; Ultralytics asks the environment each time."""
    before = {key: os.environ.get(key) for key in _VALUES}
    os.environ.update(_VALUES)
    try:
        import ultralytics.utils  # noqa: F401  sets up the logger

        logger = logging.getLogger("ultralytics")
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
