"""The verdicts of the claims as a table of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from bench.claims import Finding, Judgement
from bench.claims.combining import deciding
from bench.claims.statement import Fact, Leaf
from bench.report.answer import missing, part
from bench.report.model import Comparison, Family

PROBE = "probe"
"""Stands for the verdict on one data set where a claim is about the losses themselves, and not about any data."""

Members = Sequence[tuple[str, Judgement]]
"""A claim's judgement on each data set alone, after its title."""


def claims_table(family: Family, comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the verdict on each claim with the part that decides it, or comes nearest to."""
    several = len(comparisons) > 1
    lines = []
    for judgement, members in with_members(family, comparisons):
        each = {title: PROBE if without_runs(one) else verdict_text(one) for title, one in members} if several else {}
        lines.append(
            {
                "claim": f"{judgement.claim.topic}: {judgement.claim.shown}",
                "verdict": verdict_text(judgement),
                **each,
                "evidence": evidence(judgement, members),
                "how it is tested": judgement.claim.note or "as it stands",
            }
        )
    return pd.DataFrame(lines)


def with_members(family: Family, comparisons: Sequence[Comparison]) -> Iterator[tuple[Judgement, Members]]:
    """Yield each of a family's judgements with those on its data sets one by one."""
    for index, judgement in enumerate(family.judgements):
        yield judgement, [(one.title, one.judgements[index]) for one in comparisons]


def verdict_text(judgement: Judgement) -> str:
    """Return a verdict, marked where it does not hold among all claims."""
    return judgement.verdict + (" (not after Holm)" if judgement.holds_only_alone else "")


def without_runs(judgement: Judgement) -> bool:
    """Whether a claim is about the losses themselves, so that no run is needed to judge it."""
    return all(isinstance(leaf, Fact) for leaf in judgement.claim.leaves())


def decided_by_probe(judgement: Judgement, members: Members) -> bool:
    """Whether a verdict hangs on what is known of the losses without a run."""
    found = _hangs_on(judgement, members)
    return judgement.decided and found is not None and isinstance(found[1], Fact)


def evidence(judgement: Judgement, members: Members) -> str:
    """Return one part of a claim: the one a verdict hangs on; where there is no verdict, what support hangs on."""
    told, found = [], _hangs_on(judgement, members)
    if found is not None:
        title, leaf, finding = found
        where = f"on {title}, " if len(members) > 1 and not isinstance(leaf, Fact) else ""
        others = _known(members) - 1
        more = f"; {others} more {'parts' if others > 1 else 'part'}" if others else ""
        told.append(f"{where}{part(leaf, finding)}{more}")
    return "; ".join([*told, *filter(None, [missing(judgement)])]) or "nothing on record"


def _hangs_on(judgement: Judgement, members: Members) -> tuple[str, Leaf, Finding] | None:
    refuted = judgement.verdict == "REFUTED"
    known = [
        (one.p_refute if refuted else one.p_support, title, *found)
        for title, one in members
        if (found := deciding(one.claim.statement, one.findings, refuted)) is not None
    ]
    # Over data sets it must hold on all of them, and any of them may refute it: as the parts of an `All`.
    return (min if refuted else max)(known, key=lambda one: one[0])[1:] if known else None


def _known(members: Members) -> int:
    """Return how many parts have a figure; what is about no data counts once."""
    return sum(
        finding.estimate is not None and (number == 0 or not isinstance(leaf, Fact))
        for number, (_, one) in enumerate(members)
        for leaf, finding in zip(one.claim.leaves(), one.findings, strict=True)
    )
