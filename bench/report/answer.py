"""The three sentences a report begins with. Each quotes a declared claim, its verdict and what that rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bench.claims import Finding, Judgement
from bench.claims.declared import rescued
from bench.claims.model import causes_first
from bench.claims.planning import MOST_EACH, runs_of_each
from bench.claims.show import what_would_decide
from bench.claims.statement import Contrast, Fact, Leaf, Rate
from bench.margins import LEARNT
from bench.report.numbers import count_of, figure, names, with_interval
from bench.report.parts import Answer, Escape
from bench.statistics import Looks
from bench.text import how_many

QUESTIONS = {
    "escape-hybrid": "Does a hybrid loss get a detector out of MGIoU's bad minima in one training run?",
    "overall-hybrid-beats-two-stage": "Is it better than two stages?",
    "overall-hybrid-beats-l2": "Is it better than L2 alone?",
}
"""By the key of the claim that answers it."""

Ends = Mapping[tuple[str, str | None], float | None]
"""By label and form of an escape test, the mean mAP50-95 at the end of the runs that escaped; None without one."""

_NAMED = 3
"""Runs that are left out and named one by one."""
_SEED = re.compile(r" s(?=\d+: )")

COMMAND = "python -m bench run --suite claims"
"""What runs whatever a claim needs."""

_OPENING = {
    "SUPPORTED": "{}",
    "REFUTED": "it is not so that {}",
    "UNDECIDED": "these runs do not tell whether {}",
    "NOT RUN": "runs are missing to tell whether {}",
}


def answers(
    together: Sequence[Judgement],
    members: Mapping[str, Sequence[Judgement]],
    escapes: Mapping[str, Sequence[Escape]],
    looks: Looks,
) -> tuple[Answer, ...]:
    """Return a sentence for each of `QUESTIONS`.

    Args:
        together: the judgement of every claim over all data sets.
        members: the judgements on each data set alone, by its title, in the same order.
        escapes: the escape tests on each data set, by its title.
        looks: what the verdicts pay for.
    """
    ends = {title: {(one.label, one.form): one.mean_of_escaped for one in tests} for title, tests in escapes.items()}
    by_key = {judgement.claim.key: (i, judgement) for i, judgement in enumerate(together)}
    found = []
    for key in QUESTIONS:
        if key not in by_key:
            found.append(Answer(key, "NOT RUN", "no claim that would answer it is declared.", ()))
            continue
        index, judgement = by_key[key]
        parts = {title: judgements[index] for title, judgements in members.items()}
        evidence = list(_evidence(parts, ends, looks))
        found.append(_answer(judgement, evidence, len(together)))
    return tuple(found)


def part(leaf: Leaf, finding: Finding, short: bool = False) -> str:
    """Return what was found for one part of a claim.

    Args:
        leaf: the part.
        finding: on it.
        short: whether the strategies it compares have been named already.
    """
    if finding.estimate is None:
        return ""
    more = _to_decide(leaf, finding)
    if isinstance(leaf, Rate) and finding.interval is not None:
        counted = count_of(round(finding.estimate * finding.n), finding.n, finding.interval)
        return f"{leaf.arm.name}: {counted}{more}"
    if isinstance(leaf, Contrast) and _is_difference(leaf):
        size = with_interval(finding.estimate, finding.interval)
        what = "difference in mAP50-95" if short and len(leaf.terms) == 2 else finding.text
        return f"{what} = {size}, {finding.n} {'seed' if finding.n == 1 else 'seeds'}{more}"
    interval = f" [{finding.interval[0]:.3g}, {finding.interval[1]:.3g}]" if finding.interval else ""
    size = f", n = {finding.n}" if finding.n else ""
    where = "probe, " if isinstance(leaf, Fact) else ""
    return f"{where}{finding.text} = {finding.estimate:.3g}{interval} (said: {finding.wanted}){size}{more}"


def missing(judgement: Judgement, most: int = 3) -> str:
    """Return what a claim needs and is not on record; empty when there is nothing."""
    return f"missing: {names(judgement.missing, most)}" if judgement.missing else ""


def _answer(judgement: Judgement, evidence: list[str], claims: int) -> Answer:
    claim = judgement.claim
    lines = [f"how it is tested: {claim.note}"] if claim.note else []
    lines += evidence
    if not (evidence or judgement.missing):
        lines.append("nothing is on record")
    if judgement.missing:
        lines.append(f"{missing(judgement)} ({COMMAND} runs them)")
    if judgement.holds_only_alone:
        lines.append(f"5 % is the error rate of this claim alone, and is not kept over all {claims} claims (Holm)")
    return Answer(claim.key, judgement.verdict, f"{_OPENING[judgement.verdict].format(claim.text)}.", tuple(lines))


def _evidence(parts: Mapping[str, Judgement], ends: Mapping[str, Ends], looks: Looks) -> Iterator[str]:
    """Yield a line for each data set."""
    for title, judgement in parts.items():
        leaves = judgement.claim.leaves()
        if all(isinstance(leaf, Rate) and leaf.event == "escaped" for leaf in leaves):
            told = _freed(judgement, ends.get(title, {}), looks, brief=len(parts) > 1)
        else:
            short = len(leaves) == 1 and bool(judgement.claim.note)
            found = [part(leaf, one, short) for leaf, one in zip(leaves, judgement.findings, strict=True)]
            told = ", ".join(filter(None, found))
        told += _left_out(judgement)
        if len(parts) > 1:
            yield f"{title}: {judgement.verdict}{f', {told}' if told else ''}"
        elif told:
            yield told


def _left_out(judgement: Judgement) -> str:
    """Return the runs that are not in the figures of a claim, lost ones first; where it has no figure, all are."""
    figures = [finding for finding in judgement.findings if finding.estimate is not None]
    lost = causes_first(run for finding in figures for run in finding.left_out)
    told = lost if len(lost) <= _NAMED else _by_cause(lost)
    return f" (left out: {names(told, _NAMED)})" if lost else ""


def _by_cause(lost: Sequence[str]) -> list[str]:
    """Return runs (`cosine s2: diverged`), those of one seed and one cause as one: they may share what they lack."""
    alike: dict[str, list[str]] = {}
    for run in lost:
        alike.setdefault(_SEED.split(run)[-1], []).append(run)
    return [runs[0] if len(runs) == 1 else f"{len(runs)} runs of seed {what}" for what, runs in alike.items()]


def _freed(judgement: Judgement, ends: Ends, looks: Looks, brief: bool) -> str:
    """Return how many of the detectors that were stuck each strategy has freed, and what they are worth then.

    Args:
        judgement: all of whose parts are escape tests.
        ends: the mean mAP50-95 at the end of those that are freed.
        looks: what the verdict pays for.
        brief: whether to leave the intervals out.
    """
    told, claim = [], judgement.claim
    for leaf, finding in zip(claim.leaves(), judgement.findings, strict=True):
        if isinstance(leaf, Rate) and finding.estimate is not None and finding.interval is not None:
            k, by = round(finding.estimate * finding.n), rescued(leaf.arm)
            counted = f"{k} of {finding.n}" if brief else count_of(k, finding.n, finding.interval)
            end = ends.get((leaf.arm.label, leaf.arm.form))
            told.append(f"{by} {counted}" + ("" if end is None else f", {_worth(end)}"))
    more = "" if judgement.decided else _each_to_decide(judgement, looks)
    return f"freed of those stuck, and mean mAP50-95 of the freed at the end: {'; '.join(told)}{more}" if told else ""


def _worth(ap: float) -> str:
    """Return an AP; a detector can be out of every degenerate shape and find nothing."""
    return figure(ap) + (" (nothing learnt)" if ap < LEARNT else "")


def _each_to_decide(judgement: Judgement, looks: Looks) -> str:
    if any(finding.estimate is None for finding in judgement.findings):
        return ""
    needed = runs_of_each(judgement.claim, judgement.findings, looks)
    return f"; {how_many(needed, MOST_EACH)} such runs of each would decide"


def _to_decide(leaf: Leaf, finding: Finding) -> str:
    told = what_would_decide(finding, "runs" if isinstance(leaf, Rate) else "seeds")
    return f", {told}" if told else ""


def _is_difference(leaf: Contrast) -> bool:
    """Whether its size is one of AP, with a sign that matters."""
    return all("mAP" in term.quantity for term in leaf.terms)
