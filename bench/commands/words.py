"""`key=value` words as the `yolo` command takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

import strategies
from bench.arm import Arm
from bench.errors import UserError
from bench.losses import FORMS
from bench.settings.value import read_value
from bench.settings.words import sift
from bench.study import arms_of
from strategies.hybrid import Hybrid

_HYBRID = {
    "alpha_schedule": "schedule",
    "alpha_start": "start",
    "alpha_end": "end",
}
"""Words of `HybridPolygonLoss`, and what they are called in the strategy."""
_LOSS = ("strategy", "mgiou", "use_hybrid_loss", "normalize_gradients", *_HYBRID)
_CHOOSERS = ("strategy", "use_hybrid_loss")
"""Whichever is said beside `cfg=` takes the place of all that the file says of the losses."""
_PLACE = ("model", "data", "vertices", "seed", "device", "project", "name", "exist_ok", "pretrained")
_INSTEAD = {
    "resume": "train again, or use `bench run`, which resumes",
    "save_dir": "use project=DIR name=NAME",
}


class Words(NamedTuple):
    """What was said: `loss` chooses the losses, `place` what is trained on what and where; the rest are `settings`."""

    loss: dict[str, Any]
    place: dict[str, Any]
    settings: dict[str, Any]


def read_words(words: Sequence[str]) -> Words:
    """Return `key=value` words, sorted; values are read as YAML reads them.

    `cfg=FILE` stands for the words in a file, a run folder's `args.yaml` say; those beside it come before the file's.

    Raises:
        UserError: a word is no such thing, stands twice, is neither ours nor Ultralytics', or would not be obeyed; the
            file cannot be read.
    """
    found: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise UserError(f"{word}: write key=value, say epochs=100")
        if key in found:
            raise UserError(f"{key} stands twice; say it once")
        found[key] = read_value(word, key, text)
    if path := found.pop("cfg", None):
        found = {**_words_in(Path(path), but=_LOSS if found.keys() & set(_CHOOSERS) else ()), **found}
    for key in [key for key in _INSTEAD if not found.get(key, True)]:  # resume=False, save_dir=null: as it is
        del found[key]
    loss = {key: found.pop(key) for key in _LOSS if key in found}
    vertices = {key: found.pop(key) for key in ("vertices",) if key in found}
    settings = sift(found, instead=_INSTEAD, known=(*_LOSS, *_PLACE))
    place = {key: settings.pop(key) for key in _PLACE if key in settings}
    return Words(loss, {**place, **vertices}, settings)


def arm_of(words: Mapping[str, Any]) -> Arm:
    """Return the strategy and form that the words about the losses ask for: `l2` where there are none.

    Raises:
        UserError: they ask for two at once, or for a form that there is not, or that the strategy has not.
        StrategyError: no such strategy or parameter.
    """
    hybrid = _flag(words, "use_hybrid_loss", False)
    said = [key for key in (*_HYBRID, "normalize_gradients") if key in words]
    if said and not hybrid:
        raise UserError(f"{said[0]}={words[said[0]]}: say use_hybrid_loss=True with it")
    if hybrid and "strategy" in words:
        raise UserError("use_hybrid_loss and strategy both choose the losses; give one")
    form = words.get("mgiou", "paper")
    if form not in FORMS:
        raise UserError(f"mgiou={form}: there are {' and '.join(FORMS)}")
    if hybrid:
        given = {name: words[key] for key, name in _HYBRID.items() if key in words}
        normal = _flag(words, "normalize_gradients", True)
        strategy = strategies.build(Hybrid.name, {**given, "normalization": "gradient" if normal else "none"})
    else:
        strategy = strategies.parse_one(str(words.get("strategy", "l2")))
    (arm,) = arms_of([strategy], [form])
    if "mgiou" in words and form != arm.form:
        has = f"is in form {arm.form}" if arm.form else "gives MGIoU no weight"
        raise UserError(f"mgiou={form}: {strategy.label} {has}; leave it out")
    return arm


def run_folder(words: Mapping[str, Any], default: str) -> Path:
    """Return the folder that `project`, `name` and `exist_ok` ask for; a number is added where it is taken."""
    from ultralytics.utils.files import increment_path

    wanted = Path(str(words.get("project") or "runs/polygon")) / str(words.get("name") or default)
    return Path(increment_path(wanted, exist_ok=bool(words.get("exist_ok"))))


def _words_in(path: Path, but: Sequence[str]) -> dict[str, Any]:
    """Return the words in a file, but those about where a run was and some more."""
    try:
        words = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cfg={path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UserError(f"cfg={path}: is not YAML") from None
    if not isinstance(words, dict) or not all(isinstance(key, str) for key in words):
        raise UserError(f"cfg={path}: holds no words; it is to be like a run folder's args.yaml")
    return {
        key: read_value(f"{path}: {key}={value}", key, str(value)) if type(value) in (str, int, float) else value
        for key, value in words.items()
        if key not in (*_INSTEAD, "cfg", *but)
    }


def _flag(words: Mapping[str, Any], key: str, default: bool) -> bool:
    value = words.get(key, default)
    if not isinstance(value, bool):
        raise UserError(f"{key}={value}: give True or False")
    return value
