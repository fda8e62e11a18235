"""Text from records, made to fit and to be printed with the fonts there are."""

from __future__ import annotations

import re
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextToPath

from bench.text import one_line

_BREAKS = re.compile(r"(?<=[-,=/ ])|(?=[\[(])")


def legible(text: object) -> str:
    """Return text on one line, with a sign in place of what a font cannot show or a terminal would obey."""
    known = _glyphs()
    return "".join(char if ord(char) in known else "\N{REPLACEMENT CHARACTER}" for char in one_line(text))


def fitted(text: object, inches: float, lines: int, size: float = 9, weight: str = "normal") -> str:
    """Return text broken into at most so many lines of a width, the last one cut short with an ellipsis."""
    parts = [part for word in _BREAKS.split(legible(text)) for part in _cut(word, inches, size, weight)]
    found = [""]
    for part in parts:
        if found[-1] and width(found[-1] + part.rstrip(), size, weight) > inches:
            found.append("")
        found[-1] += part
    if len(found) > lines:
        kept = found[lines - 1]
        while kept and width(kept + "…", size, weight) > inches:
            kept = kept[:-1]
        found = [*found[: lines - 1], kept + "…"]
    return "\n".join(line.strip() for line in found)


def width(text: str, size: float = 9, weight: str = "normal") -> float:
    """Return how wide a line of text is, in inches."""
    wide, _, _ = TextToPath().get_text_width_height_descent(text, FontProperties(size=size, weight=weight), False)
    return wide / 72


def _cut(word: str, inches: float, size: float, weight: str) -> list[str]:
    """Return a word in pieces that each fit on a line."""
    pieces = [""]
    for char in word[:400]:
        if pieces[-1] and width(pieces[-1] + char, size, weight) > inches:
            pieces.append("")
        pieces[-1] += char
    return pieces


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
