"""Ultralytics' words for training: those that are obeyed here, and what to say in the place of the others."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from bench.clip_vertices import CLIP
from bench.errors import UserError
from bench.metrics import MAX_DETECTIONS

OBEYED = frozenset(
    """
    agnostic_nms amp batch bgr box close_mosaic cls cls_pw cls_remap conf cos_lr cutmix degrees device dfl epochs
    exist_ok fliplr flipud freeze hsv_h hsv_s hsv_v imgsz iou lr0 lrf mixup model momentum mosaic multi_scale name nbs
    optimizer patience perspective pose pretrained project save_period scale seed shear translate warmup_bias_lr
    warmup_epochs warmup_momentum weight_decay workers data
    """.split()  # noqa: SIM905
)
_FIXED = {
    "cache": "leave it out: images are kept in memory where they fit, and no result depends on it",
    "cfg": "give its words one by one",
    "channels_last": "leave it out: it is as the device has it",
    "classes": "use a data set with those classes alone: what is trained on is what is scored",
    "compile": "leave it out: a run's bits would depend on the compiler",
    "deterministic": "leave it out: training is always deterministic",
    "fraction": "use a smaller data set",
    "max_det": f"leave it out: AP is of {MAX_DETECTIONS} detections an image",
    "mode": "leave it out: the mode is fixed",
    "plots": "leave it out: none are drawn",
    "rect": "leave it out: batches are square",
    "save": "leave it out: what a training leaves is fixed",
    "single_cls": "use a data set of one class: what is trained on is what is scored",
    "split": "leave it out: val is what is measured",
    "task": "leave it out: the task is fixed",
    "time": "use epochs=N: a schedule needs to know the end",
    "val": "leave it out: AP is always measured",
    "verbose": "leave it out: an epoch is a line",
}
_OTHERS = "leave it out: it would change nothing in training polygons"
"""About words of other tasks and of other modes."""
_IN_FORCE = {
    "cache": "ram",
    "plots": False,
    "max_det": MAX_DETECTIONS,
    "task": "pose",
    "mode": "train",
    "verbose": False,
}
"""What is so whatever is said; of other words that are not obeyed, Ultralytics' default is."""
_CHOSEN_BY_AUTO = ("lr0", "momentum", "warmup_bias_lr", "warmup_momentum")
_NOT_OF_ADAM = ("warmup_momentum",)
"""Ultralytics warms up what its groups call momentum; those of the Adam family have betas."""
_OPTIMIZERS = ("Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSProp", "SGD", "MuSGD", "auto")


def sift(
    given: Mapping[str, Any], *, prefix: str = "", instead: Mapping[str, str] | None = None, known: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the words that are obeyed, with values as Ultralytics understands them.

    A word that would be ignored or half obeyed is refused. One that says what is so anyway is left out: command lines
    and `args.yaml` are full of them.

    Args:
        given: what was said.
        prefix: stands before a word in messages.
        instead: words that something else of the command rules, and what; they are refused whatever they say.
        known: other words of the command, to guess what was meant.

    Raises:
        UserError: no such word, one that is not obeyed, or a value that Ultralytics or its optimiser would refuse.
    """
    import bench.detector  # noqa: F401, I001  # quietens Ultralytics before it is imported
    from ultralytics.cfg import get_cfg
    from ultralytics.utils import DEFAULT_CFG_DICT

    found, own = {}, {}
    for key, value in given.items():
        said = f"{prefix}{key}={value}"
        if instead and key in instead:
            raise UserError(f"{said}: not to be chosen here; {instead[key]}")
        if key == CLIP:
            if not isinstance(value, bool):
                raise UserError(f"{said}: give true or false")
            own[key] = value
            continue
        if key not in DEFAULT_CFG_DICT:
            near = difflib.get_close_matches(key, [*known, CLIP, *DEFAULT_CFG_DICT], n=1)
            hint = f"did you mean {near[0]}?" if near else "see Ultralytics' training settings"
            raise UserError(f"{said}: no such setting; {hint}")
        if key in OBEYED:
            found[key] = value
        elif value != _IN_FORCE.get(key, DEFAULT_CFG_DICT[key]):
            raise UserError(f"{said}: not to be chosen here; {_FIXED.get(key, _OTHERS)}")
    try:
        understood = get_cfg(overrides=dict(found))
    except (TypeError, ValueError, SyntaxError) as error:
        raise UserError(f"{prefix.strip()}{': ' if prefix else ''}{' '.join(str(error).split())}") from None
    found = {key: getattr(understood, key) for key in found}
    for key, value in found.items():
        if wrong := _wrong(key, value):
            raise UserError(f"{prefix}{key}={value}: {wrong}")
    if "optimizer" in found:  # in one spelling, since a run's id tells one from the other
        found["optimizer"] = next(one for one in _OPTIMIZERS if one.lower() == found["optimizer"].lower())
    return {**found, **own}


def refuse_idle(said: Mapping[str, Any], optimizer: str, prefix: str = "") -> None:
    """Refuse what the optimiser chooses itself, or has no use for.

    Args:
        said: what was said, as `sift` returns it; what is Ultralytics' default may be said.
        optimizer: that is used.
        prefix: stands before a word in messages.

    Raises:
        UserError: a word would be ignored.
    """
    from ultralytics.utils import DEFAULT_CFG_DICT

    kind = optimizer.lower()
    idle = _CHOSEN_BY_AUTO if kind == "auto" else _NOT_OF_ADAM if "adam" in kind else ()
    for key in idle:
        if key in said and said[key] != DEFAULT_CFG_DICT[key]:
            why = "chooses it; say which one with it, optimizer=AdamW" if kind == "auto" else "has none; leave it out"
            raise UserError(f"{prefix}{key}={said[key]}: optimizer={optimizer} {why}")


def _wrong(key: str, value: Any) -> str | None:
    """Return what is wrong with a value that Ultralytics would stumble over when training begins."""
    whole = type(value) is int
    if key == "imgsz" and not (whole and value >= 32):
        return "give a whole number of pixels, at least 32; images are made square"
    if key == "batch" and not (whole and value >= 1):
        return "give a whole number; a batch sized by the machine would be another training on another machine"
    if key == "optimizer" and value.lower() not in map(str.lower, _OPTIMIZERS):
        return f"there are {', '.join(_OPTIMIZERS)}"
    if key == "momentum" and value >= 1:
        return "give less than 1"
    if key == "workers" and value < 0:
        return "give 0 or more"
    if key == "seed" and value >= 2**32:
        return "give less than 2^32"
    if key == "pretrained" and value is not None and not isinstance(value, bool | str):
        return "give a file of weights"
    return None
