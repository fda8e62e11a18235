"""How the parts of a statement make up the whole: its p-values, and the part that a verdict hangs on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from bench.claims.model import Finding
from bench.claims.statement import All, Leaf, Some, Statement, leaves


def p_values(statement: Statement, findings: Sequence[Finding]) -> tuple[float, float]:
    """Return the p-values for and against a statement.

    All parts must hold to support a conjunction, and each is tested at the full level: intersection-union test (Berger
    1982). One part alone can refute it, and had as many chances to do so as there are parts: Bonferroni. For `Some` it
    is the other way round.

    Args:
        statement: of a claim.
        findings: one a leaf, in their order.
    """
    if not isinstance(statement, All | Some):
        return findings[0].p_support, findings[0].p_refute
    support, refute = zip(*(p_values(part, found) for part, found in parts_of(statement, findings)), strict=True)
    n = len(statement.parts)
    if isinstance(statement, All):
        return max(support), min(1.0, n * min(refute))
    return min(1.0, n * min(support)), max(refute)


def deciding(statement: Statement, findings: Sequence[Finding], refuted: bool) -> tuple[Leaf, Finding] | None:
    """Return the leaf that a verdict hangs on, or comes nearest to, with what was found for it.

    A conjunction is supported as well as its worst part and refuted as well as its best; a choice the other way round.

    Args:
        statement: of a claim.
        findings: one a leaf, in their order.
        refuted: whether to return what the refutation hangs on; otherwise what the support does.

    Returns:
        None where no leaf has an estimate. A part without one is passed over.
    """
    if not isinstance(statement, All | Some):
        return (statement, findings[0]) if findings[0].estimate is not None else None
    branches = [
        (p_values(part, found), told)
        for part, found in parts_of(statement, findings)
        if (told := deciding(part, found, refuted)) is not None
    ]
    weakest = max if isinstance(statement, All) != refuted else min
    # Parts on the wrong side of their bounds all have p = 1 for it: of those, the p-value against tells them apart.
    return weakest(branches, key=lambda one: (one[0][refuted], -one[0][not refuted]))[1] if branches else None


def parts_of(statement: All | Some, findings: Sequence[Finding]) -> Iterator[tuple[Statement, tuple[Finding, ...]]]:
    """Return each part of a statement with the findings on its leaves."""
    left = iter(findings)
    return ((part, tuple(islice(left, len(leaves(part))))) for part in statement.parts)
