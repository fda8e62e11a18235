"""Which version of a data set stands for it, where a study has runs on several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bench.records import RunRecord
from bench.report.numbers import names


def standing(groups: Mapping[int, Sequence[RunRecord]]) -> list[int]:
    """Return the groups that stand for their data sets when data sets are put together, in order.

    Data that were changed have another fingerprint under the same name, and data may have been trained on in two number
    formats; a data set must not count twice. The version with the most runs that are done stands for it; of several,
    the one whose runs ended last; of those, the first in order.

    Args:
        groups: by number, the runs on one version of some data; all of one family.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    for number, group in groups.items():
        by_name[group[0].identity["data"]["name"]].append(number)
    return sorted(max(versions, key=lambda number: _weight(groups[number])) for versions in by_name.values())


def versions_note(members: Sequence[str], outdated: Sequence[str]) -> str:
    """Return which versions of data sets stand for them and which are left out, by title; empty where each has one."""
    if not outdated:
        return ""
    return (
        f"Of a data set in several versions, the one with the most runs that are done stands for it: {names(members)}; "
        f"left out of the answer, the claims and the data sets together: {names(outdated)}."
    )


def _weight(group: Sequence[RunRecord]) -> tuple[int, str]:
    """Return how many runs are done, and when the last of them ended: dates in UTC, whose text is in their order."""
    done = [record for record in group if record.done]
    return len(done), max((record.timing.get("finished") or "" for record in done), default="")
