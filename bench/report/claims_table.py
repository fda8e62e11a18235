"""The verdicts of the claims as a table of text."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.claims import Judgement
from bench.claims.combining import deciding
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
    """Return one part of a claim: the one a verdict hangs on; where there is no verdict, what support hangs on."""
    refuted = judgement.verdict == "REFUTED"
    known = [
        (one.p_refute if refuted else one.p_support, title, found)
        for title, one in members
        if (found := deciding(one.claim.statement, one.findings, refuted)) is not None
    ]
    told = []
    if known:
        # Over data sets it must hold on all of them, and any of them may refute it: as the parts of an `All`.
        _, title, (leaf, finding) = (min if refuted else max)(known, key=lambda one: one[0])
        where = f"on {title}, " if len(members) > 1 else ""
        others = sum(finding.estimate is not None for _, one in members for finding in one.findings) - 1
        more = f"; {others} more {'parts' if others > 1 else 'part'}" if others else ""
        told.append(f"{where}{part(leaf, finding)}{more}")
    return "; ".join([*told, *filter(None, [missing(judgement)])]) or "nothing on record"
