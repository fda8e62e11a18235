"""Hashes of the claims, so that a report can say which of them are as they were declared before the runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bench.claims.quantities import DEGENERATE, EVENTS, QUANTITIES
from bench.claims.statement import Claim, Contrast, Leaf, Rate, RateOrder
from bench.margins import MOST
from bench.statistics import ALPHA


def fingerprint(claims: Sequence[Claim]) -> str:
    """Return the first 12 hex digits of the SHA-256 of all that the claims say: texts, quantities, margins, tests.

    How a quantity is read from a record is code, and not in it.
    """
    # A frozen dataclass's repr holds every field; the quantities are named by key in it, so their texts follow.
    texts = [repr(claim) for claim in claims]
    texts += [f"{key}: {one.text}" for table in (QUANTITIES, EVENTS) for key, one in table.items()]
    return _digest([*texts, _margins()])


def fingerprints(claims: Sequence[Claim]) -> dict[str, str]:
    """Return the same of each claim, by its key: of its text and of what is tested, and of no note on either."""
    return {
        one.key: _digest([one.text, repr(one.statement), *(_about(term) for term in one.leaves()), _margins()])
        for one in claims
    }


def _about(leaf: Leaf) -> str:
    if isinstance(leaf, Contrast):
        return "; ".join(QUANTITIES[term.quantity].text for term in leaf.terms)
    return EVENTS[leaf.event].text if isinstance(leaf, Rate | RateOrder) else ""


def _margins() -> str:
    """Return what decides events and verdicts and stands in no claim."""
    return f"most: {MOST}, of {', '.join(DEGENERATE)}; level: {ALPHA}"


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]
