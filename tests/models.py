"""The networks that tests train."""

from __future__ import annotations

from pathlib import Path

USUAL = "yolo11n-polygon.yaml"
"""What a user gets who asks for none."""

SMALL = str(Path(__file__).with_name("small-pose.yaml"))
"""A step of it takes a third of the time."""

DEEP = str(Path(__file__).with_name("small-pose-p6.yaml"))
"""As small, with a largest stride of 64."""
