"""Whether more seeds could settle a claim, and whose."""

from __future__ import annotations

from dataclasses import replace

from bench.claims.combining import p_values
from bench.claims.model import Finding, Judgement
from bench.claims.statement import Arm, arms_of
from bench.statistics import ALPHA


def open_arms(judgement: Judgement) -> tuple[Arm, ...]:
    """Return the arms whose further seeds could decide a claim, each once.

    Returns:
        None of them where the claim is decided, where runs are missing, and where it hangs on parts that no number
        of seeds decides.
    """
    if judgement.verdict != "UNDECIDED":
        return ()
    if min(p_values(judgement.claim.statement, [*map(_with_any_number_of_seeds, judgement.findings)])) > ALPHA:
        return ()
    parts = zip(judgement.claim.leaves(), judgement.findings, strict=True)
    return tuple(dict.fromkeys(arm for leaf, one in parts if not one.stays_open for arm in arms_of(leaf)))


def _with_any_number_of_seeds(finding: Finding) -> Finding:
    """Return what a finding could come to at best: as it is where it is decided, either way where it is not."""
    if finding.stays_open or finding.missing:
        return finding
    return replace(
        finding,
        p_support=1.0 if finding.decided and finding.p_refute < finding.p_support else 0.0,
        p_refute=1.0 if finding.decided and finding.p_support < finding.p_refute else 0.0,
    )
