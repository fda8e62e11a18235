"""The hypotheses as code: what people say, what would settle it, and what the records say of it."""

from bench.claims.declared import CLAIMS
from bench.claims.fingerprint import fingerprint, fingerprints
from bench.claims.judge import combine, judge
from bench.claims.model import Finding, Judgement
from bench.claims.outlook import open_arms
from bench.claims.statement import Arm, Claim

__all__ = [
    "CLAIMS",
    "Arm",
    "Claim",
    "Finding",
    "Judgement",
    "combine",
    "fingerprint",
    "fingerprints",
    "judge",
    "open_arms",
]
