"""`key=value` words as the `yolo` command takes them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import strategies
from bench.arm import Arm
from bench.errors import UserError
from bench.setting_value import read_value
from strategies.hybrid import Hybrid

_HYBRID = {
    "alpha_schedule": "schedule",
    "alpha_start": "start",
    "alpha_end": "end",
}
"""Words of `HybridPolygonLoss`, and what they are called in the strategy."""
_LOSS = ("strategy", "mgiou", "use_hybrid_loss", "normalize_gradients", *_HYBRID)
_PLACE = ("model", "data", "vertices", "seed", "device", "project", "name", "exist_ok", "pretrained")
_FIXED = {
    "task": "leave it out: the task is fixed",
    "mode": "leave it out: the mode is fixed",
    "resume": "train again, or use `bench run`, which resumes",
    "save_dir": "project=DIR name=NAME",
    "rect": "leave it out: batches are square",
    "fraction": "a smaller data set",
    "time": "epochs=N: a schedule needs to know the end",
    "split": "leave it out: val is what is measured",
}


class Words(NamedTuple):
    """What was said: `loss` chooses the losses, `place` what is trained on what and where; the rest are `settings`."""

    loss: dict[str, Any]
    place: dict[str, Any]
    settings: dict[str, Any]


def read_words(words: Sequence[str]) -> Words:
    """Return `key=value` words, sorted; values are read as YAML reads them.

    Raises:
        UserError: a word is no such thing, stands twice, or is neither ours nor Ultralytics'.
    """
    import bench.detector  # noqa: F401, I001  # quietens Ultralytics before it is imported
    from ultralytics.cfg import get_cfg
    from ultralytics.utils import DEFAULT_CFG_DICT

    found: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise UserError(f"{word}: write key=value, say epochs=100")
        if key in found:
            raise UserError(f"{key} stands twice; say it once")
        if key in _FIXED:
            raise UserError(f"{word}: not to be chosen here; {_FIXED[key]}")
        known = [*_LOSS, *_PLACE, *DEFAULT_CFG_DICT]
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "see Ultralytics' training settings"
            raise UserError(f"{word}: no such setting; {hint}")
        found[key] = read_value(word, key, text)
    loss, place = ({key: found.pop(key) for key in chosen if key in found} for chosen in (_LOSS, _PLACE))
    try:
        get_cfg(overrides=found)
    except (TypeError, ValueError, SyntaxError) as error:
        raise UserError(" ".join(str(error).split())) from None
    return Words(loss, place, found)


def arm_of(words: Mapping[str, Any]) -> Arm:
    """Return the strategy and form that the words about the losses ask for: `l2` where there are none.

    Raises:
        UserError: they ask for two at once, or for a form that there is not.
        StrategyError: no such strategy or parameter.
    """
    hybrid = _flag(words, "use_hybrid_loss", False)
    said = [key for key in (*_HYBRID, "normalize_gradients") if key in words]
    if said and not hybrid:
        raise UserError(f"{said[0]}={words[said[0]]}: say use_hybrid_loss=True with it")
    if hybrid and "strategy" in words:
        raise UserError("use_hybrid_loss and strategy both choose the losses; give one")
    form = words.get("mgiou", "paper")
    if form not in ("paper", "centred"):
        raise UserError(f"mgiou={form}: there are paper and centred")
    if hybrid:
        given = {name: words[key] for key, name in _HYBRID.items() if key in words}
        normal = _flag(words, "normalize_gradients", True)
        strategy = strategies.build(Hybrid.name, {**given, "normalization": "gradient" if normal else "none"})
    else:
        found = strategies.parse(str(words.get("strategy", "l2")))
        if len(found) > 1:
            raise UserError(f"strategy={words['strategy']}: {len(found)} strategies; one training has one")
        strategy = found[0]
    forms = strategy.forms
    return Arm(strategy, None if not forms else form if form in forms else forms[0])


def run_folder(words: Mapping[str, Any], default: str) -> Path:
    """Return the folder that `project`, `name` and `exist_ok` ask for; a number is added where it is taken."""
    from ultralytics.utils.files import increment_path

    wanted = Path(str(words.get("project") or "runs/polygon")) / str(words.get("name") or default)
    return Path(increment_path(wanted, exist_ok=bool(words.get("exist_ok"))))


def _flag(words: Mapping[str, Any], key: str, default: bool) -> bool:
    value = words.get(key, default)
    if not isinstance(value, bool):
        raise UserError(f"{key}={value}: give True or False")
    return value
