"""Ultralytics at work, quietly, whatever the process has told it before."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path


def datasets_dir() -> Path:
    """Return the folder that Ultralytics keeps data sets in, as its settings say."""
    with at_work(online=False):
        from ultralytics.utils import SETTINGS

        return Path(SETTINGS["datasets_dir"])


@contextlib.contextmanager
def at_work(*, online: bool) -> Iterator[None]:
    """Let Ultralytics do something without a word.

    Args:
        online: whether it may use the network. What it does on import is told once; a download asks each time.
    """
    values = {"YOLO_OFFLINE": str(not online).lower(), "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
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
