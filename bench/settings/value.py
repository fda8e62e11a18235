"""The value in `key=value`, as YAML reads it, and numbers as everyone writes them."""

from __future__ import annotations

import re
from typing import Any

import yaml

from bench.errors import UserError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

_TO_THE_LETTER = ("cfg", "data", "device", "model", "name", "pretrained", "project", "strategy")
_COUNTS = {"batch", "fraction"}
"""Settings of which Ultralytics takes fractions too, but to which a whole number is a number of images."""
_SWITCH = (("pretrained", "true"), ("pretrained", "false"))


def read_value(word: str, key: str, text: str) -> Any:
    """Return the value of an Ultralytics setting; what the key is no setting of, as YAML reads it.

    Names and paths are taken to the letter: `name=007` and `name=no` are names.

    `1e-3`, which is text in YAML 1.1, is a number where a number is wanted. `true` is none, though it is one to Python.
    Where a fraction may stand, `0` is the `0.0` that it means: a run's id tells one from the other.

    Args:
        word: all of what was said, for the message.
        key: the setting.
        text: its value.

    Raises:
        UserError: the text cannot be read, or is no number, or no whole one, where one is wanted.
    """
    import bench.detector  # noqa: F401, I001  # quietens Ultralytics before it is imported
    from ultralytics.cfg import CFG_FLOAT_KEYS, CFG_FRACTION_KEYS, CFG_INT_KEYS
    from ultralytics.utils import DEFAULT_CFG_DICT

    if key in _TO_THE_LETTER and (key, text.lower()) not in _SWITCH:
        return None if text.lower() in ("", "null", "none") else text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise UserError(f"{word}: the value cannot be read") from None
    if key not in CFG_FLOAT_KEYS | CFG_FRACTION_KEYS | CFG_INT_KEYS | {"scale"}:
        return value
    if value is None and DEFAULT_CFG_DICT.get(key) is None:  # as `args.yaml` has it
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if key in CFG_INT_KEYS and (isinstance(value, bool) or not isinstance(value, int)):
        raise UserError(f"{word}: give a whole number")
    if isinstance(value, bool):
        raise UserError(f"{word}: give a number")
    if isinstance(value, int) and key not in CFG_INT_KEYS | _COUNTS:
        try:
            return float(value)
        except OverflowError:
            raise UserError(f"{word}: give a number that is not as large") from None
    return value
