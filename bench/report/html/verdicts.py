"""The claims, each with what its verdict rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.claims import Judgement
from bench.claims.show import evidence
from bench.report import claims_table
from bench.report.answer import missing
from bench.report.html.anchors import run_anchor
from bench.report.html.tables import Link
from bench.report.model import Comparison, Family

_MARKS = {"SUPPORTED": "good", "REFUTED": "bad"}


@dataclass(frozen=True)
class Part:
    """What was found for one part of a claim on one data set.

    Attributes:
        text: with the interval, next to what the claim says.
        runs: it rests on.
    """

    text: str
    runs: tuple[Link, ...]


@dataclass(frozen=True)
class Member:
    """A claim on one data set.

    Attributes:
        title: of the data set; empty for the only one.
        verdict: there.
        parts: of the claim.
        missing: what it needs and is not on record; empty when there is nothing.
    """

    title: str
    verdict: str
    parts: tuple[Part, ...]
    missing: str


@dataclass(frozen=True)
class ShownVerdict:
    """A claim.

    Attributes:
        key: short and stable.
        topic: the heading it stands under.
        text: what people say, in words that need no other claim beside it.
        declared: what they say in the words that were declared; empty where these are the same.
        note: how it was made testable; may be empty.
        verdict: as in the table of claims.
        word: the bare verdict.
        mark: `good`, `bad` or `open`.
        evidence: as in the table of claims.
        members: data set by data set.
    """

    key: str
    topic: str
    text: str
    declared: str
    note: str
    verdict: str
    word: str
    mark: str
    evidence: str
    members: tuple[Member, ...]


def view_verdicts(family: Family, comparisons: Sequence[Comparison]) -> list[ShownVerdict]:
    """Return a family's claims in the order of their table."""
    return [
        ShownVerdict(
            key=judgement.claim.key,
            topic=judgement.claim.topic,
            text=judgement.claim.shown,
            declared=judgement.claim.text if judgement.claim.in_full else "",
            note=judgement.claim.note,
            verdict=claims_table.verdict_text(judgement),
            word=judgement.verdict,
            mark=_MARKS.get(judgement.verdict, "open"),
            evidence=claims_table.evidence(judgement, members),
            members=tuple(_members(members)),
        )
        for judgement, members in claims_table.with_members(family, comparisons)
    ]


def _members(members: claims_table.Members) -> Iterator[Member]:
    if all(claims_table.without_runs(one) for _, one in members):  # the same whatever the data
        members = [(claims_table.PROBE, one) for _, one in members[:1]]
    for title, judgement in members:
        head = title if len(members) > 1 or title == claims_table.PROBE else ""
        yield Member(head, claims_table.verdict_text(judgement), tuple(_parts(judgement)), missing(judgement, 20))


def _parts(judgement: Judgement) -> Iterator[Part]:
    for finding in judgement.findings:
        yield Part(evidence(finding), tuple(Link(run, run_anchor(run)) for run in finding.run_ids))
