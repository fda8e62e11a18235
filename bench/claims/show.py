"""Verdicts for the terminal and for other programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from bench.claims.declared import CLAIMS
from bench.claims.fingerprint import fingerprint
from bench.claims.model import Finding, Judgement
from bench.plain import to_plain
from bench.text import one_line


class Compared(Protocol):
    """What claims are judged on: a comparison of a report."""

    title: str
    judgements: Sequence[Judgement]


def to_text(comparisons: Iterable[Compared]) -> str:
    """Return the verdicts by topic, each with its evidence and run ids."""
    lines = [f"claims {fingerprint(CLAIMS)}"]
    for comparison in comparisons:
        counts = Counter(judgement.verdict for judgement in comparison.judgements)
        told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
        lines += ["", f"{one_line(comparison.title)}: {told}"]
        topic = None
        for judgement in comparison.judgements:
            if judgement.claim.topic != topic:
                topic = judgement.claim.topic
                lines += ["", topic]
            lines += _lines(judgement)
    return "\n".join(lines) + "\n"


def to_json(comparisons: Iterable[Compared]) -> str:
    """Return every figure; keys are those of `Judgement` and `Finding`."""
    content = {
        "claims": fingerprint(CLAIMS),
        "comparisons": [
            {"title": one.title, "judgements": [_plain(judgement) for judgement in one.judgements]}
            for one in comparisons
        ],
    }
    return json.dumps(to_plain(content), indent=2, allow_nan=False) + "\n"


def to_rows(comparisons: Iterable[Compared]) -> list[dict[str, Any]]:
    """Return a row a claim and comparison, in words and numbers that any table takes."""
    return [
        {
            "comparison": one.title,
            "topic": judgement.claim.topic,
            "claim": judgement.claim.text,
            "verdict": judgement.verdict,
            "holds_among_all": judgement.holds_among_all,
            "p_support": judgement.p_support,
            "p_refute": judgement.p_refute,
            "p_holm": judgement.adjusted_p,
            "evidence": "; ".join(map(evidence, judgement.findings)),
            "needs": ", ".join(judgement.missing),
            "run_ids": " ".join(judgement.run_ids),
        }
        for one in comparisons
        for judgement in one.judgements
    ]


def evidence(finding: Finding) -> str:
    """Return one finding in a line: what was found, with its interval and size, next to what the claim says."""
    if finding.estimate is None:
        return f"{finding.text} {finding.wanted}: nothing on record{_told(_left_out(finding))}"
    size = f"{finding.estimate:.3g}"
    if finding.interval is not None:
        size += f" [{finding.interval[0]:.3g}, {finding.interval[1]:.3g}]"
    parts = [f"n = {finding.n}"] if finding.n else []
    parts += filter(None, [what_would_decide(finding)])
    return f"{finding.text} {finding.wanted}: {size}{_told(parts + _left_out(finding))}"


def _left_out(finding: Finding) -> list[str]:
    return [f"left out: {', '.join(finding.left_out)}"] if finding.left_out else []


def _told(parts: Sequence[str]) -> str:
    return f" ({'; '.join(parts)})" if parts else ""


def what_would_decide(finding: Finding, units: str = "") -> str:
    """Return `≈ 12 seeds would decide`; empty where a finding is decided, and where there is no telling.

    Args:
        finding: a part of a claim.
        units: what is counted.
    """
    if finding.decided:
        return ""
    if finding.constant:
        return "the same at every seed, which no number of such seeds would decide"
    if finding.seeds_to_decide is None:
        return ""
    return f"≈ {finding.seeds_to_decide} {units + ' ' if units else ''}would decide"


def _lines(judgement: Judgement) -> Iterator[str]:
    alone = "" if judgement.holds_among_all or judgement.adjusted_p is None else ", not after Holm over all claims"
    yield f"  {judgement.verdict:<10} {judgement.claim.text}{alone if judgement.decided else ''}"
    if judgement.claim.note:
        yield f"             ({judgement.claim.note})"
    for finding in judgement.findings:
        yield f"             - {one_line(evidence(finding))}"
    if judgement.missing and not judgement.decided:
        yield f"             needs: {', '.join(judgement.missing)}"
    if judgement.run_ids:
        yield f"             runs: {' '.join(judgement.run_ids)}"


def _plain(judgement: Judgement) -> dict[str, Any]:
    claim = judgement.claim
    said = {"key": claim.key, "topic": claim.topic, "text": claim.text, "note": claim.note}
    return {**said, **{key: value for key, value in asdict(judgement).items() if key != "claim"}}
