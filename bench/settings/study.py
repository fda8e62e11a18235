"""Training settings: the defaults of a study, `--quick`, and what `--set key=value` may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.clip_vertices import CLIP, recorded
from bench.errors import UserError
from bench.metrics import MIN_CONFIDENCE
from bench.settings.value import read_value
from bench.settings.words import refuse_idle, sift

DEFAULTS: dict[str, Any] = {
    "epochs": 100,
    "imgsz": 96,
    "batch": 16,
    "nbs": 16,  # a step a batch: Ultralytics' nominal 64 would leave a small study 150 steps
    "optimizer": "AdamW",
    "lr0": 0.002,
    "momentum": 0.9,
    "warmup_bias_lr": 0.0,
    "amp": False,
    "mosaic": 0.0,  # four documents on one sheet are no documents
    "scale": 0.2,
    "conf": MIN_CONFIDENCE,
    CLIP: False,
}
"""Ultralytics' own names, and `CLIP`; everything not named here is at the installed Ultralytics' default."""

QUICK: dict[str, Any] = {"epochs": 15}

_OURS = {
    "seed": "use --seeds",
    "amp": "use --precision",
    "data": "use --data",
    "model": "use --model",
    "device": "use --device",
    "project": "use --out",
    "name": "use --study",
    "save_dir": "use --out",
    "exist_ok": "leave it out: what is done is not done twice",
    "resume": "use the same command again",
    "workers": "images are loaded by the cores that --workers leaves to a run; --workers N is how many runs at a time",
    "val": "use --val-every",
    "save_period": "use --snapshot-every",
    "patience": "use epochs=N: the last epoch is the one that is reported",
}
"""Overrides that would break the pairing or the records, and what to use instead."""


def resolve(overrides: Sequence[str], quick: bool = False) -> dict[str, Any]:
    """Return the settings of a study: defaults, then `--quick`, then `--set key=value` in order.

    Raises:
        UserError: no `key=value`, an unknown key, one that another option rules or that is not obeyed, or a value that
            Ultralytics refuses.
    """
    settings = {**DEFAULTS, **(QUICK if quick else {})}
    return recorded({**settings, **_check(dict(_read(text) for text in overrides))})


def _read(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UserError(f"--set {text}: write key=value, say --set lr0=0.002")
    return key.strip(), read_value(f"--set {text}", key.strip(), value)


def _check(given: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse what Ultralytics would refuse or not obey, here and not an hour into a study."""
    found = sift(given, prefix="--set ", instead=_OURS)
    refuse_idle(found, found.get("optimizer", DEFAULTS["optimizer"]), prefix="--set ")
    if isinstance(found.get("pretrained"), str):
        from bench.detector.pretrained import pretrained_weights

        pretrained_weights(found["pretrained"])
    return found
