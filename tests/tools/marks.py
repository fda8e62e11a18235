"""Blocks of a text that are generated, between marks that its reader does not see."""

from __future__ import annotations

from bench.errors import UserError


def with_block(text: str, name: str, block: str) -> str:
    """Return a text with what stands between the marks of a name replaced.

    Raises:
        UserError: the marks are not there.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, begun, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        raise UserError(f"a generated block stands between {begin} and {end}; put both marks back")
    return f"{before}{begin}\n\n{block}\n\n{end}{after}"
