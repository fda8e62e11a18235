"""From differences to verdicts: what a table says of each strategy, all of them judged together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.statistics.multiplicity import holm
from bench.statistics.paired import PairedDifference, t_p_value
from bench.statistics.sequential import looks_p_value

ALPHA = 0.05
"""Chance that a table has any false verdict."""
BETTER, WORSE, UNDECIDED = "better", "worse", "UNDECIDED"


class Verdict(NamedTuple):
    """What one difference comes to.

    Attributes:
        adjusted_p: of the paired t-test, for the looks and then for the number of differences (Holm); None where there
            is no interval.
        verdict: `better`, `worse` or `UNDECIDED`; empty where there is no difference.
    """

    adjusted_p: float | None
    verdict: str


def verdicts(
    differences: Sequence[PairedDifference | None], alpha: float = ALPHA, looks: tuple[int, int] | None = None
) -> list[Verdict]:
    """Judge differences together: the more there are, the more each must show.

    Args:
        differences: to the reference, one a strategy; None where there is none to judge.
        alpha: chance of any false verdict among them. Holm holds it although all share the reference's runs.
        looks: the least and the greatest number of pairs at which the study is looked at, stopping when decided; None:
            once. A difference with fewer pairs or more than that was looked at there too.

    Returns:
        A verdict each, in order: never one that the difference's own interval contradicts.
    """
    raw = {
        i: p if looks is None else _over_looks(p, one.n, looks)
        for i, one in enumerate(differences)
        if one is not None and (p := t_p_value(one)) is not None
    }
    adjusted = dict(zip(raw, holm(list(raw.values())), strict=True))
    return [Verdict(adjusted.get(i), _verdict(one, adjusted.get(i), alpha)) for i, one in enumerate(differences)]


def _over_looks(p: float, n: int, looks: tuple[int, int]) -> float:
    return looks_p_value(p, n, min(n, looks[0]), max(n, looks[1]))


def _verdict(difference: PairedDifference | None, adjusted_p: float | None, alpha: float) -> str:
    if difference is None:
        return ""
    if not difference.decided or adjusted_p is None or adjusted_p >= alpha:
        return UNDECIDED
    return BETTER if difference.mean > 0 else WORSE
