"""From differences to verdicts: what a table says of each strategy, all of them judged together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.statistics.multiplicity import holm
from bench.statistics.paired import CONFIDENCE, PairedDifference, t_p_value
from bench.statistics.planning import most_seeds, seeds_to_decide
from bench.statistics.sequential import Looks, over_looks

ALPHA = 0.05
"""Chance that a table has any false verdict."""
BETTER, WORSE, UNDECIDED = "better", "worse", "UNDECIDED"
LOOKS, HOLM, NO_SPREAD, LOST_RUNS = "looks", "Holm", "no spread", "lost runs"


class Verdict(NamedTuple):
    """What one difference comes to.

    Attributes:
        adjusted_p: of the paired t-test, for the looks and then for the number of differences (Holm); None where there
            is no interval.
        verdict: `better`, `worse` or `UNDECIDED`; empty where there is no difference.
        kept_open_by: what alone keeps it UNDECIDED. `looks`: one look would have decided, but there were several.
            `Holm`: it is decided by itself, whatever was looked at, but not among so many. `no spread`: the difference
            is the same at every seed, and stays undecided at any number of such seeds. `lost runs`: who is ahead lost
            runs, and what is left of it is not all of it, so that no number of seeds decides (`despite_losses`). Empty:
            none of these.
        seeds_to_decide: more pairs than there are, at which the same mean and spread would be decided by themselves,
            the looks paid for; None where it is decided or kept open by others, and when there is no telling.
        open_up_to: the largest number of pairs that was tried, where none would do; None where one would, and where
            none is named for another reason.
    """

    adjusted_p: float | None = None
    verdict: str = ""
    kept_open_by: str = ""
    seeds_to_decide: int | None = None
    open_up_to: int | None = None


def verdicts(
    differences: Sequence[PairedDifference | None],
    alpha: float = ALPHA,
    looks: Looks = None,
    lost: Sequence[tuple[bool, bool]] | None = None,
) -> list[Verdict]:
    """Judge differences together: the more there are, the more each must show.

    Args:
        differences: to the reference, one a strategy; None where there is none to judge.
        alpha: chance of any false verdict among them. Holm holds it although all share the reference's runs.
        looks: the least and the greatest number of pairs at which the study is looked at, stopping when decided; None:
            once. A difference with fewer pairs or more than that was looked at there too.
        lost: of each, whether the strategy, and what it is compared with, lost runs (`despite_losses`); None: none did.

    Returns:
        A verdict each, in order: never one that the difference's own interval contradicts.
    """
    own = {
        i: over_looks(p, one.n, looks)
        for i, one in enumerate(differences)
        if one is not None and (p := t_p_value(one)) is not None
    }
    adjusted = dict(zip(own, holm(list(own.values())), strict=True))
    found = [_verdict(one, own.get(i), adjusted.get(i), alpha, looks) for i, one in enumerate(differences)]
    if lost is None:
        return found
    return [despite_losses(one, of, *which) for one, of, which in zip(found, differences, lost, strict=True)]


def despite_losses(verdict: Verdict, difference: PairedDifference | None, lost: bool, reference_lost: bool) -> Verdict:
    """Return a verdict that is for nobody whose runs were lost.

    Runs that diverge are not left out by chance: the others may be those that went well. So they are no evidence that
    it is better; that it is worse they show all the more.

    Args:
        verdict: of `verdicts`.
        difference: that it is of.
        lost: whether the strategy lost a run.
        reference_lost: whether what it is compared with did.
    """
    if difference is None or not (lost if difference.mean > 0 else reference_lost):
        return verdict
    return Verdict(verdict.adjusted_p, UNDECIDED, LOST_RUNS)


def _verdict(
    difference: PairedDifference | None, own_p: float | None, adjusted_p: float | None, alpha: float, looks: Looks
) -> Verdict:
    """Return a difference's verdict from its p-value over the looks, and that among all differences as well."""
    if difference is None:
        return Verdict()
    if own_p is None or adjusted_p is None:
        return Verdict(None, UNDECIDED, NO_SPREAD if difference.constant else "")
    if difference.decided and adjusted_p < alpha:
        return Verdict(adjusted_p, BETTER if difference.mean > 0 else WORSE)
    if difference.decided and own_p < alpha:
        return Verdict(adjusted_p, UNDECIDED, HOLM)
    once = t_p_value(difference)
    level = min(alpha, 1 - CONFIDENCE)  # no verdict without an interval that leaves out zero
    needed = seeds_to_decide(difference.mean, difference.sd, level, difference.n, looks)
    return Verdict(
        adjusted_p,
        UNDECIDED,
        LOOKS if difference.decided and once is not None and once < alpha else "",
        needed,
        most_seeds(looks) if needed is None else None,
    )
