"""From claims and records to verdicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import singledispatch
from statistics import fmean
from typing import Any, Literal, NamedTuple

from bench.claims.model import Finding, Judgement, Verdict
from bench.claims.planning import more_runs, more_seeds
from bench.claims.quantities import EVENTS, QUANTITIES
from bench.claims.statement import (
    All,
    Arm,
    Claim,
    Contrast,
    Fact,
    Group,
    Leaf,
    Rate,
    RateOrder,
    Some,
    Statement,
    Term,
)
from bench.records import RunRecord
from bench.statistics import (
    ALPHA,
    Looks,
    holm,
    mean_p_values,
    over_looks,
    over_looks_exact,
    paired_difference,
    rate_difference_p,
    rate_interval,
    rate_p_values,
)

Runs = Mapping[tuple[str, str | None], Sequence[RunRecord]]


class Evidence(NamedTuple):
    """What claims are judged by.

    Attributes:
        runs: by label and form, of one data set, model and setting.
        landscape: `Landscape.to_dict()`; None when it was not measured.
        looks: the least and the greatest number of seeds that verdicts are looked at with; None: once.
    """

    runs: Runs
    landscape: Mapping[str, Any] | None
    looks: Looks

    def corrected(self, p: float, n: int, units: Literal["seeds", "runs"]) -> float:
        """Return a p-value that pays for looking again after every added seed."""
        return over_looks_exact(p, self.looks) if units == "runs" else over_looks(p, n, self.looks)


def judge(
    claims: Sequence[Claim],
    records: Iterable[RunRecord],
    landscape: Mapping[str, Any] | None,
    looks: tuple[int, int] | None = None,
) -> list[Judgement]:
    """Return the verdict on each claim.

    Args:
        claims: in order.
        records: of one data set, model and setting.
        landscape: what `bench probe` measures; None: the claims on it are NOT RUN.
        looks: as in `Evidence`.
    """
    runs: dict[tuple[str, str | None], list[RunRecord]] = {}
    for record in records:
        if record.replicate:
            continue
        runs.setdefault((record.label, record.form), []).append(record)
    evidence = Evidence(runs, landscape, looks)
    return _with_holm([_judgement(claim, [_find(leaf, evidence) for leaf in claim.leaves()]) for claim in claims])


def combine(per_data_set: Sequence[Sequence[Judgement]]) -> list[Judgement]:
    """Return the verdict on each claim over several data sets: it must hold on all of them.

    A claim that is refuted on one is refuted; since any of them may do that, each must do so at a stricter level
    (Bonferroni).
    """
    together = []
    for judgements in zip(*per_data_set, strict=True):
        findings = tuple(finding for judgement in judgements for finding in judgement.findings)
        support = max(judgement.p_support for judgement in judgements)
        refute = min(1.0, len(judgements) * min(judgement.p_refute for judgement in judgements))
        together.append(_decided(judgements[0].claim, support, refute, findings))
    return _with_holm(together)


def _judgement(claim: Claim, findings: Sequence[Finding]) -> Judgement:
    support, refute = p_values(claim.statement, iter(findings).__next__)
    return _decided(claim, support, refute, tuple(findings))


def _decided(claim: Claim, support: float, refute: float, findings: tuple[Finding, ...]) -> Judgement:
    verdict: Verdict = "UNDECIDED"
    if support <= ALPHA:
        verdict = "SUPPORTED"
    elif refute <= ALPHA:
        verdict = "REFUTED"
    elif any(finding.missing for finding in findings):
        verdict = "NOT RUN"
    return Judgement(claim, verdict, support, refute, None, findings)


def _with_holm(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Add what the verdicts are worth when all claims are looked at together; a claim without evidence is no test."""
    tested = [i for i, one in enumerate(judgements) if any(finding.estimate is not None for finding in one.findings)]
    adjusted = holm([min(1.0, judgements[i].p_support, judgements[i].p_refute) for i in tested])
    table = dict(zip(tested, adjusted, strict=True))
    return [replace(one, adjusted_p=table.get(i)) for i, one in enumerate(judgements)]


def p_values(statement: Statement, finding: Callable[[], Finding]) -> tuple[float, float]:
    """Return the p-values of a statement from its findings, in the order of its leaves.

    All parts must hold to support a conjunction, and each is tested at the full level: intersection-union test (Berger
    1982). One part alone can refute it, and had as many chances to do so as there are parts: Bonferroni. For `Some` it
    is the other way round.
    """
    if not isinstance(statement, All | Some):
        found = finding()
        return found.p_support, found.p_refute
    support, refute = zip(*(p_values(part, finding) for part in statement.parts), strict=True)
    n = len(statement.parts)
    if isinstance(statement, All):
        return max(support), min(1.0, n * min(refute))
    return min(1.0, n * min(support)), max(refute)


@singledispatch
def _find(leaf: Leaf, evidence: Evidence) -> Finding:
    raise TypeError(f"no test for {leaf!r}")


@_find.register
def _contrast(leaf: Contrast, evidence: Evidence) -> Finding:
    by_term = [_by_seed(term, evidence.runs) for term in leaf.terms]
    seeds = set.intersection(*(set(figures) for figures in by_term))
    by_seed = {
        seed: sum(term.factor * figures[seed] for term, figures in zip(leaf.terms, by_term, strict=True))
        for seed in sorted(seeds)
    }
    arms = [arm for term in leaf.terms for arm in term.of.arms]
    found = paired_difference(by_seed, dict.fromkeys(by_seed, 0.0))
    values = list(by_seed.values())
    support, refute = (
        evidence.corrected(p, len(values), "seeds") for p in mean_p_values(values, leaf.region.low, leaf.region.high)
    )
    is_open = min(support, refute) > ALPHA
    return Finding(
        text=_contrast_text(leaf),
        wanted=leaf.region.text,
        estimate=found.mean if by_seed else None,
        interval=found.interval,
        n=len(by_seed),
        by_seed=by_seed,
        p_support=support,
        p_refute=refute,
        seeds_to_decide=more_seeds(values, leaf.region, evidence.looks) if is_open and found.interval else None,
        run_ids=_ids(arms, evidence.runs, seeds),
        missing=_missing(leaf.terms, evidence.runs),
        left_out=_left_out(arms, evidence.runs, seeds),
    )


@_find.register
def _rate(leaf: Rate, evidence: Evidence) -> Finding:
    told, silent = _told(leaf.event, (leaf.arm,), evidence.runs)
    k, n = sum(told.values()), len(told)
    support, refute = (evidence.corrected(p, n, "runs") for p in rate_p_values(k, n, leaf.region.low, leaf.region.high))
    return Finding(
        text=f"share of {leaf.arm.name} that {EVENTS[leaf.event].text}",
        wanted=leaf.region.text,
        estimate=k / n if n else None,
        interval=rate_interval(k, n, method="clopper-pearson") if n else None,
        n=n,
        by_seed={},
        p_support=support,
        p_refute=refute,
        seeds_to_decide=more_runs(k, n, leaf.region, evidence.looks) if min(support, refute) > ALPHA else None,
        run_ids=tuple(told),
        missing=() if (leaf.arm.label, leaf.arm.form) in evidence.runs else (leaf.arm.name,),
        left_out=tuple(silent),
    )


@_find.register
def _rate_order(leaf: RateOrder, evidence: Evidence) -> Finding:
    counts, told_ids, silent = [], [], []
    for group in (leaf.rarer, leaf.commoner):
        told, untold = _told(leaf.event, group.arms, evidence.runs)
        counts.append((sum(told.values()), len(told)))
        told_ids += list(told)
        silent += untold
    (k1, n1), (k2, n2) = counts
    more, less = rate_difference_p(k1, n1, k2, n2) if n1 and n2 else (1.0, 1.0)
    more, less = (evidence.corrected(p, n1 + n2, "runs") for p in (more, less))
    arms = (*leaf.rarer.arms, *leaf.commoner.arms)
    return Finding(
        text=f"share that {EVENTS[leaf.event].text}: {k1} of {n1} of {leaf.rarer.name}, {k2} of {n2} of "
        f"{leaf.commoner.name}; difference",
        wanted="< 0",
        estimate=k1 / n1 - k2 / n2 if n1 and n2 else None,
        interval=None,
        n=n1 + n2,
        by_seed={},
        p_support=less,
        p_refute=more,
        seeds_to_decide=None,
        run_ids=tuple(told_ids),
        missing=tuple(arm.name for arm in arms if (arm.label, arm.form) not in evidence.runs),
        left_out=tuple(silent),
    )


@_find.register
def _fact(leaf: Fact, evidence: Evidence) -> Finding:
    found = None
    if evidence.landscape is not None:
        found = _at(evidence.landscape, leaf.path)
        if leaf.per and found is not None:
            divisor = _at(evidence.landscape, leaf.per)
            found = found / divisor if divisor else None
    holds = None if found is None else leaf.region.holds(found)
    return Finding(
        text=leaf.text,
        wanted=leaf.region.text,
        estimate=found,
        interval=None,
        n=0,
        by_seed={},
        p_support=0.0 if holds else 1.0,
        p_refute=0.0 if holds is False else 1.0,
        seeds_to_decide=None,
        run_ids=(),
        missing=() if found is not None else ("bench probe",),
        left_out=(),
    )


def _by_seed(term: Term, runs: Runs) -> dict[int, float]:
    """Return a term's quantity at each seed that all of its arms have."""
    per_arm = [
        {
            record.seed: figure
            for record in runs.get((arm.label, arm.form), ())
            if record.done and (figure := QUANTITIES[term.quantity].read(record)) is not None
        }
        for arm in term.of.arms
    ]
    seeds = set.intersection(*(set(figures) for figures in per_arm))
    reduce = min if term.of.reduce == "min" else fmean
    return {seed: reduce([figures[seed] for figures in per_arm]) for seed in seeds}


def _told(event: str, arms: Iterable[Arm], runs: Runs) -> tuple[dict[str, bool], list[str]]:
    """Return by run id whether an event happened, and the runs that cannot tell."""
    told, silent = {}, []
    for arm in arms:
        for record in runs.get((arm.label, arm.form), ()):
            happened = EVENTS[event].read(record)
            if happened is None:
                silent.append(f"{arm.name} s{record.seed}: {record.status if not record.done else 'does not tell'}")
            else:
                told[record.id] = happened
    return told, silent


def _missing(terms: Sequence[Term], runs: Runs) -> tuple[str, ...]:
    """Return the arms that have not one figure for their term."""
    bare = [
        arm.name
        for term in terms
        for arm in term.of.arms
        if not _by_seed(Term(1.0, term.quantity, Group((arm,))), runs)
    ]
    return tuple(dict.fromkeys(bare))


def _left_out(arms: Iterable[Arm], runs: Runs, seeds: set[int]) -> tuple[str, ...]:
    left = [
        f"{arm.name} s{record.seed}: {record.status if not record.done else 'no pair'}"
        for arm in dict.fromkeys(arms)
        for record in runs.get((arm.label, arm.form), ())
        if record.seed not in seeds
    ]
    return tuple(left)


def _ids(arms: Iterable[Arm], runs: Runs, seeds: set[int]) -> tuple[str, ...]:
    return tuple(
        record.id
        for arm in dict.fromkeys(arms)
        for record in runs.get((arm.label, arm.form), ())
        if record.seed in seeds and record.done
    )


def _contrast_text(leaf: Contrast) -> str:
    """Return `mAP50-95: cosine - 0.8 · l2`, or the terms one by one where they are of different quantities."""
    quantities = {term.quantity for term in leaf.terms}
    words = []
    for index, term in enumerate(leaf.terms):
        sign = "-" if term.factor < 0 else "+"
        size = "" if abs(term.factor) == 1 else f"{abs(term.factor):g} · "
        what = term.of.name if len(quantities) == 1 else f"{QUANTITIES[term.quantity].text} of {term.of.name}"
        words.append(f"{sign} {size}{what}" if index or sign == "-" else f"{size}{what}")
    sum_text = " ".join(words)
    return f"{QUANTITIES[leaf.terms[0].quantity].text}: {sum_text}" if len(quantities) == 1 else sum_text


def _at(landscape: Mapping[str, Any], path: Sequence[str | int]) -> float | None:
    found: Any = landscape
    try:
        for key in path:
            found = found[key]
        return float(found) if math.isfinite(found) else None
    except (KeyError, IndexError, TypeError):
        return None
