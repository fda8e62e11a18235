"""How values stand in a strategy's text, `name[parameter=value,...]`: what is written here is read again as it was."""

from __future__ import annotations

import json
import re
from typing import Any

_QUOTED = re.compile(r"""([=\[,]\s*)('(?:[^']|'')*'|"(?:[^"\\]|\\.)*")""")
"""A value in quotes, after what comes before a value."""


def split(inner: str) -> list[str]:
    """Split at the commas outside brackets and quotes."""
    bare = _QUOTED.sub(lambda found: found[1] + "_" * len(found[2]), inner)
    parts, depth, start = [], 0, 0
    for position, char in enumerate(bare):
        depth += (char == "[") - (char == "]")
        if char == "," and depth == 0:
            parts.append(inner[start:position])
            start = position + 1
    return [part for part in (*parts, inner[start:]) if part.strip()]


def read(value: str) -> Any:
    """Return what a value says, as YAML has it.

    Raises:
        ValueError: it cannot be read.
    """
    import yaml  # here, so that whoever takes a strategy as a class, as the losses do, needs torch alone

    try:
        return yaml.safe_load(value)
    except Exception as error:  # `!!bool x` is a KeyError, a date without that month a ValueError
        raise ValueError(str(error)) from None


def written(value: Any) -> str:
    """Return a value so that it is read again: one list of values stands in another, which is a grid of one."""
    if isinstance(value, tuple):
        return f"[{_listed(value)}]"
    if isinstance(value, float):
        return text if float(text := f"{value:g}") == value else repr(value)
    if isinstance(value, str):
        alone = split(f"key={value},key") == [f"key={value}", "key"]  # no comma or bracket of its ends it early
        return value if alone and _says(value, value) else json.dumps(value, ensure_ascii=False)
    return str(value)


def _listed(value: Any) -> str:
    """Return a value as it stands in a list, where commas and brackets mean more, and no type says what is a number."""
    if isinstance(value, tuple):
        return f"[{','.join(map(_listed, value))}]"
    if isinstance(value, str):
        return value if _says(f"[{value}]", [value]) else json.dumps(value, ensure_ascii=False)
    text = written(value)
    return text if "." in text else text.replace("e", ".0e") if isinstance(value, float) else text


def _says(text: str, value: Any) -> bool:
    try:
        return read(text) == value
    except ValueError:
        return False
