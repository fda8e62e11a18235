"""Text and data in HTML that stay text and data."""

from __future__ import annotations

import json
import re
from typing import Any

from markupsafe import Markup, escape

from bench.plain import to_plain
from bench.text import one_line

_HOUSE = re.compile(r"\*(?P<emphasis>[^*]+)\*|`(?P<code>[^`]+)`")
_BREAKS = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\N{LINE SEPARATOR}": "\\u2028",
        "\N{PARAGRAPH SEPARATOR}": "\\u2029",
    }
)


def shown(value: Any) -> Any:
    """Return what a template prints: text on one line and without control characters, markup as it is."""
    return one_line(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def house(text: str) -> Markup:
    """Return the house's own words with their emphasis and code."""
    parts, end = [], 0
    for found in _HOUSE.finditer(text):
        tag = "em" if found["emphasis"] else "code"
        inner = escape(found["emphasis"] or found["code"])
        parts += [escape(text[end : found.start()]), Markup(f"<{tag}>"), inner, Markup(f"</{tag}>")]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def data(value: Any) -> Markup:
    """Return JSON for a script element: nothing in it can end the element, or begin a comment or an entity."""
    text = json.dumps(to_plain(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Markup(text.translate(_BREAKS))


def significant(value: float, digits: int = 4) -> float:
    """Return a number rounded to so many significant digits: more cannot be seen, and every one costs bytes."""
    return float(f"{value:.{digits}g}")
