"""The one training setting that is not Ultralytics': what becomes of vertices outside the frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLIP = "clip_vertices"
"""Whether a vertex that augmentation moves out of the frame is moved to its border, as Ultralytics does with keypoints.

MGIoU, which takes shapes whole, would then learn another polygon than the object's; L2 leaves such a vertex out."""


def clips(settings: Mapping[str, Any]) -> bool:
    """Return whether vertices are moved to the border: so they were before there was a choice."""
    return bool(settings.get(CLIP, True))


def recorded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as records hold them: what Ultralytics does anyway is not named, as in records of that time."""
    return {key: value for key, value in settings.items() if key != CLIP or not value}


def of_ultralytics(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that Ultralytics knows."""
    return {key: value for key, value in settings.items() if key != CLIP}
