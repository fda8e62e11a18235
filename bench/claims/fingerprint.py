"""A hash of the claims, so that a report can say whether they are those that were declared before the runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bench.claims.quantities import EVENTS, QUANTITIES
from bench.claims.statement import Claim


def fingerprint(claims: Sequence[Claim]) -> str:
    """Return the first 12 hex digits of the SHA-256 of all that the claims say: texts, quantities, margins, tests."""
    # A frozen dataclass's repr holds every field; the quantities are named by key in it, so their texts follow.
    texts = [repr(claim) for claim in claims]
    texts += [f"{key}: {one.text}" for table in (QUANTITIES, EVENTS) for key, one in table.items()]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]
