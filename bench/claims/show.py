"""Verdicts for the terminal and for other programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Protocol

from bench.claims.model import Finding, Judgement
from bench.plain import to_plain
from bench.text import how_many, one_line


class Compared(Protocol):
    """What claims are judged on: a comparison of a report."""

    title: str
    judgements: Sequence[Judgement]


class Together(Compared, Protocol):
    """What claims are judged on over several data sets: a family of a report."""

    members: Sequence[str]


class Reported(Protocol):
    """A report, as far as it is about claims."""

    claims: str
    declared: str | None
    changed: Sequence[str] | None
    families: Sequence[Together]
    comparisons: Sequence[Compared]


def to_text(report: Reported, which: str) -> str:
    """Return the verdicts by topic: over several data sets together, as the report has them, and on each by itself.

    Args:
        report: with the verdicts.
        which: a sentence on which claims these are.
    """
    lines = [which]
    for family in _several(report):
        lines += _block(_over(family), family.judgements, partial(_on_each, _by_title(family, report)))
    for comparison in report.comparisons:
        lines += _block(comparison.title, comparison.judgements, _evidence)
    return "\n".join(lines) + "\n"


def to_json(report: Reported) -> str:
    """Return every figure; keys are those of `Judgement` and `Finding`.

    The findings of a family's claim are those of its members, one after the other.
    """
    content = {
        "claims": report.claims,
        "declared": report.declared,
        "changed": report.changed,
        "families": [
            {"title": one.title, "members": one.members, "judgements": [*map(_plain, one.judgements)]}
            for one in report.families
        ],
        "comparisons": [
            {"title": one.title, "judgements": [*map(_plain, one.judgements)]} for one in report.comparisons
        ],
    }
    return json.dumps(to_plain(content), indent=2, allow_nan=False) + "\n"


def to_rows(report: Reported) -> list[dict[str, Any]]:
    """Return a row a claim, over several data sets and on each, in words and numbers that any table takes."""
    rows = []
    for family in _several(report):
        members = _by_title(family, report)
        rows += [_row(_over(family), one, _each(members, one)) for one in family.judgements]
    for one in report.comparisons:
        rows += [_row(one.title, judged, "; ".join(map(evidence, judged.findings))) for judged in one.judgements]
    return rows


def _row(title: str, judgement: Judgement, found: str) -> dict[str, Any]:
    return {
        "comparison": title,
        "topic": judgement.claim.topic,
        "claim": judgement.claim.shown,
        "verdict": judgement.verdict,
        "holds_among_all": judgement.holds_among_all,
        "p_support": judgement.p_support,
        "p_refute": judgement.p_refute,
        "p_holm": judgement.adjusted_p,
        "evidence": found,
        "needs": ", ".join(judgement.missing),
        "run_ids": " ".join(judgement.run_ids),
    }


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
    if finding.by_survivors:
        return "in favour of what lost runs, which no number of seeds would decide"
    if finding.constant:
        return "the same at every seed, which no number of such seeds would decide"
    needed = how_many(finding.seeds_to_decide, finding.open_up_to)
    return f"{needed} {units + ' ' if units else ''}would decide" if needed else ""


def _block(title: str, judgements: Sequence[Judgement], below: Callable[[Judgement], Iterator[str]]) -> Iterator[str]:
    """Yield how many claims have which verdict, then each under its topic, with what stands below it."""
    counts = Counter(judgement.verdict for judgement in judgements)
    told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
    yield from ("", f"{one_line(title)}: {told}")
    topic = None
    for judgement in judgements:
        if judgement.claim.topic != topic:
            topic = judgement.claim.topic
            yield from ("", topic)
        alone = ", not after Holm over all claims" if judgement.holds_only_alone else ""
        yield f"  {judgement.verdict:<10} {judgement.claim.shown}{alone}"
        if judgement.claim.note:
            yield f"             ({judgement.claim.note})"
        yield from below(judgement)


def _several(report: Reported) -> list[Together]:
    return [family for family in report.families if len(family.members) > 1]


def _over(family: Together) -> str:
    head = f"{family.title}: " if family.title else ""
    return f"{head}over {len(family.members)} data sets together ({', '.join(family.members)})"


def _by_title(family: Together, report: Reported) -> dict[str, dict[str, Judgement]]:
    """Return the judgements on each member of a family alone, by its title and the key of the claim."""
    return {
        one.title: {judgement.claim.key: judgement for judgement in one.judgements}
        for one in report.comparisons
        if one.title in family.members
    }


def _each(members: Mapping[str, Mapping[str, Judgement]], judgement: Judgement) -> str:
    """Return the verdict on each data set alone."""
    return ", ".join(f"{title} {by_key[judgement.claim.key].verdict}" for title, by_key in members.items())


def _on_each(members: Mapping[str, Mapping[str, Judgement]], judgement: Judgement) -> Iterator[str]:
    """Yield the same as a line; what those verdicts rest on stands in the block of each."""
    yield f"             - {one_line(_each(members, judgement))}"


def _evidence(judgement: Judgement) -> Iterator[str]:
    for finding in judgement.findings:
        yield f"             - {one_line(evidence(finding))}"
    if judgement.missing and not judgement.decided:
        yield f"             needs: {', '.join(judgement.missing)}"
    if judgement.run_ids:
        yield f"             runs: {' '.join(judgement.run_ids)}"


def _plain(judgement: Judgement) -> dict[str, Any]:
    claim = judgement.claim
    said = {"key": claim.key, "topic": claim.topic, "text": claim.text, "in_full": claim.in_full, "note": claim.note}
    return {**said, **{key: value for key, value in asdict(judgement).items() if key != "claim"}}
