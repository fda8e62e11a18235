"""Which rows share a figure, and in how many pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.report.arms import CONTROL, RESCUE
from bench.report.model import Comparison, Row
from bench.report.parts import Combined

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """Rows that are shown together.

    Attributes:
        key: ends the names of its files; empty for the strategies themselves.
        what: they are, in the plural.
        rows: in the report's order.
    """

    key: str
    what: str
    rows: tuple[Row, ...] | tuple[Combined, ...]


@dataclass(frozen=True)
class Page:
    """A part of a group that fits one figure.

    Attributes:
        suffix: of the file's name.
        heading: of the figure.
        group: the whole group.
    """

    suffix: str
    heading: str
    group: Group


def groups_of(comparison: Comparison) -> list[Group]:
    """Return the groups that have rows. Replicates (A/A) are the same runs again, and are in none."""
    special = {kind: tuple(row for row in comparison.special if row.table == kind) for kind in (RESCUE, CONTROL)}
    found = [
        Group("", "strategies", comparison.core),
        Group("variants", "variants", comparison.variants),
        Group("rescue", "escape tests", special[RESCUE]),
        Group("controls", "controls", special[CONTROL]),
    ]
    return [group for group in found if group.rows]


def pages(
    title: str, groups: Sequence[Group], chosen: Callable[[Group], Sequence[T]], most: int
) -> Iterator[tuple[Page, list[T]]]:
    """Yield what is chosen of each group in parts of about the same size; nothing of a group with nothing to show.

    Args:
        title: of the figure.
        groups: of the comparison.
        chosen: returns what there is to show of a group.
        most: on a page.
    """
    for group in groups:
        items = list(chosen(group))
        count = -(-len(items) // most)
        for number in range(count):
            part = items[number * len(items) // count : (number + 1) * len(items) // count]
            words = [group.what] * bool(group.key) + [f"{number + 1} of {count}"] * (count > 1)
            tail = f"-{group.key}" * bool(group.key) + f"-{number + 1}" * (count > 1)
            yield Page(tail, title + (f" ({', '.join(words)})" if words else ""), group), part
