"""Training settings: the defaults of a study, `--quick`, and what `--set key=value` may change."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from bench.errors import UserError
from bench.setting_value import read_value

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
    "conf": 0.001,
}
"""Ultralytics' own names; everything not named here is at the installed Ultralytics' default."""

QUICK: dict[str, Any] = {"epochs": 15}

_OURS = {
    "seed": "--seeds",
    "amp": "--precision",
    "data": "--data",
    "model": "--model",
    "device": "--device",
    "project": "--out",
    "name": "--study",
    "save_dir": "--out",
    "resume": "the same command again",
    "task": "nothing: the task is fixed",
    "mode": "nothing: the mode is fixed",
    "val": "--val-every",
    "deterministic": "nothing: runs are always deterministic",
    "time": "epochs=N",
    "patience": "epochs=N: the last epoch is the one that is reported",
    "rect": "nothing: batches are square, so that their order can be shared",
    "fraction": "a smaller --data folder",
    "split": "nothing: runs are scored on val.json",
}
"""Overrides that would break the pairing or the records, and what to use instead."""


def resolve(overrides: Sequence[str], quick: bool = False) -> dict[str, Any]:
    """Return the settings of a study: defaults, then `--quick`, then `--set key=value` in order.

    Raises:
        UserError: no `key=value`, an unknown key, one that another option rules, or a value Ultralytics refuses.
    """
    settings = {**DEFAULTS, **(QUICK if quick else {})}
    given = dict(_read(text) for text in overrides)
    _check(given)
    return {**settings, **given}


def _read(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UserError(f"--set {text}: write key=value, say --set lr0=0.002")
    return key.strip(), read_value(f"--set {text}", key.strip(), value)


def _check(given: Mapping[str, Any]) -> None:
    """Refuse what Ultralytics would refuse, here and not an hour into a study."""
    import bench.detector  # noqa: F401, I001  # quietens Ultralytics before it is imported
    from ultralytics.cfg import get_cfg
    from ultralytics.utils import DEFAULT_CFG_DICT

    for key, value in given.items():
        if key in _OURS:
            raise UserError(f"--set {key}={value}: not an override here; use {_OURS[key]}")
        if key not in DEFAULT_CFG_DICT:
            near = difflib.get_close_matches(key, DEFAULT_CFG_DICT, n=1)
            hint = f"did you mean {near[0]}?" if near else "see Ultralytics' training settings"
            raise UserError(f"--set {key}={value}: no such setting; {hint}")
    try:
        get_cfg(overrides=dict(given))
    except (TypeError, ValueError, SyntaxError) as error:
        raise UserError(f"--set: {' '.join(str(error).split())}") from None
    if isinstance(given.get("pretrained"), str):
        from bench.detector.pretrained import pretrained_weights

        pretrained_weights(given["pretrained"])
    size = given.get("imgsz", 96)
    if not isinstance(size, int) or isinstance(size, bool) or size < 32:
        raise UserError(f"--set imgsz={size}: give a whole number of pixels, at least 32; images are made square")
    batch = given.get("batch", 1)
    if not isinstance(batch, int) or batch < 1:
        raise UserError(f"--set batch={batch}: give a whole number; a batch sized by the machine would not be shared")
