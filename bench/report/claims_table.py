"""The verdicts of the claims as a table of text."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.claims import Judgement
from bench.report.answer import alone, missing, part
from bench.report.model import Comparison, Family


def claims_table(family: Family, comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the verdict on each claim with the part that decides it, or comes nearest to."""
    several = len(comparisons) > 1
    lines = []
    for index, judgement in enumerate(family.judgements):
        each = {one.title: verdict_text(one.judgements[index]) for one in comparisons} if several else {}
        lines.append(
            {
                "claim": f"{judgement.claim.topic}: {judgement.claim.text}",
                "verdict": verdict_text(judgement),
                **each,
                "evidence": evidence(judgement, [(one.title, one.judgements[index]) for one in comparisons]),
            }
        )
    return pd.DataFrame(lines)


def verdict_text(judgement: Judgement) -> str:
    """Return a verdict, marked where it does not hold among all claims."""
    return judgement.verdict + (" (alone)" if alone(judgement) else "")


def evidence(judgement: Judgement, members: Sequence[tuple[str, Judgement]]) -> str:
    """Return one part of a claim: the one a verdict hangs on; where there is no verdict, the one furthest from it."""
    parts = [
        (title, leaf, finding)
        for title, one in members
        for leaf, finding in zip(one.claim.leaves(), one.findings, strict=True)
        if finding.estimate is not None
    ]
    told = []
    if parts:
        # A refutation rests on the part that is refuted best; all else on the part that is supported worst.
        if judgement.verdict == "REFUTED":
            title, leaf, finding = min(parts, key=lambda one: one[2].p_refute)
        else:
            title, leaf, finding = max(parts, key=lambda one: one[2].p_support)
        where = f"on {title}, " if len(members) > 1 else ""
        more = f"; {len(parts) - 1} more {'parts' if len(parts) > 2 else 'part'}" if len(parts) > 1 else ""
        told.append(f"{where}{part(leaf, finding)}{more}")
    return "; ".join([*told, *filter(None, [missing(judgement)])]) or "nothing on record"
