"""From claims and records to verdicts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import singledispatch
from statistics import fmean
from typing import Any, NamedTuple

from bench.claims.combining import p_values
from bench.claims.model import NO_PAIR, OTHER_PARAMETERS, SILENT, Finding, Judgement, Verdict, causes_first
from bench.claims.planning import MOST_RUNS, more_flips, more_runs, more_seeds
from bench.claims.quantities import EVENTS, QUANTITIES
from bench.claims.registered import registered_key, strategy_key
from bench.claims.statement import (
    Arm,
    Claim,
    Contrast,
    Fact,
    Leaf,
    Rate,
    RateOrder,
    Term,
)
from bench.records import LOST, RunRecord
from bench.statistics import (
    ALPHA,
    Looks,
    holm,
    mean_p_values,
    most_seeds,
    over_looks,
    over_looks_exact,
    paired_difference,
    rate_interval,
    rate_p_values,
    sign_flip_interval,
    sign_flip_p,
)

Runs = Mapping[Arm, Sequence[RunRecord]]


class Evidence(NamedTuple):
    """What claims are judged by.

    Attributes:
        runs: by arm, of one data set, model and setting; only those whose strategy is the one that is registered now
            under the arm's label, or any of that label where none is. An arm without such a run has no entry.
        outdated: by arm, runs of its label with other parameters: those of an older default, or of an edited plug-in.
        landscape: `Landscape.to_dict()`; None when it was not measured.
        looks: the least and the greatest number of seeds that verdicts are looked at with; None: once.
    """

    runs: Runs
    outdated: Runs
    landscape: Mapping[str, Any] | None
    looks: Looks

    def named(self, arms: Iterable[Arm]) -> tuple[str, ...]:
        """Return arms by name, each once; one that has runs of other parameters alone says so."""
        return tuple(
            arm.name + (" as it is registered now" if arm in self.outdated and arm not in self.runs else "")
            for arm in dict.fromkeys(arms)
        )


def judge(
    claims: Sequence[Claim],
    records: Iterable[RunRecord],
    landscape: Mapping[str, Any] | None,
    looks: tuple[int, int] | None = None,
) -> list[Judgement]:
    """Return the verdict on each claim. It is about the strategies as they are registered now.

    Args:
        claims: in order.
        records: of one data set, model and setting.
        landscape: what `bench probe` measures; None: the claims on it are NOT RUN.
        looks: as in `Evidence`.
    """
    runs, outdated = _by_arm((arm for claim in claims for arm in claim.arms()), records)
    evidence = Evidence(runs, outdated, landscape, looks)
    return _with_holm([_judgement(claim, [_find(leaf, evidence) for leaf in claim.leaves()]) for claim in claims])


def _by_arm(arms: Iterable[Arm], records: Iterable[RunRecord]) -> tuple[Runs, Runs]:
    """Return the runs of each arm, and those that only have its label."""
    by_strategy: dict[tuple[str, str | None], list[RunRecord]] = defaultdict(list)
    by_label: dict[tuple[str, str | None], list[RunRecord]] = defaultdict(list)
    for record in records:
        if not record.replicate:
            by_strategy[strategy_key(record.identity["strategy"]), record.form].append(record)
            by_label[record.label, record.form].append(record)
    runs, outdated = {}, {}
    if not by_strategy:
        return runs, outdated
    for arm in dict.fromkeys(arms):
        same_label = by_label.get((arm.label, arm.form), [])
        key = registered_key(arm.label)
        # A run that was a variant when it was trained is what its parameters say, whatever its label was then.
        own = same_label if key is None else by_strategy.get((key, arm.form), [])
        ids = {record.id for record in own}
        others = [record for record in same_label if record.id not in ids]
        runs |= {arm: own} if own else {}
        outdated |= {arm: others} if others else {}
    return runs, outdated


def combine(per_data_set: Sequence[Sequence[Judgement]]) -> list[Judgement]:
    """Return the verdict on each claim over several data sets: it must hold on all of them.

    A claim that is refuted on one is refuted. Any of them may do that, which the test pays for: Simes 1986, An improved
    Bonferroni procedure. Unlike Bonferroni's own, it refutes what is refuted on each of them.
    """
    together = []
    for judgements in zip(*per_data_set, strict=True):
        findings = tuple(finding for judgement in judgements for finding in judgement.findings)
        support = max(judgement.p_support for judgement in judgements)
        refute = _simes([judgement.p_refute for judgement in judgements])
        together.append(_decided(judgements[0].claim, support, refute, findings))
    return _with_holm(together)


def _simes(p_values: Sequence[float]) -> float:
    """Return the p-value of all hypotheses together, of tests that are independent or depend positively."""
    return min(p * (len(p_values) / rank) for rank, p in enumerate(sorted(p_values), 1))


def _judgement(claim: Claim, findings: Sequence[Finding]) -> Judgement:
    support, refute = p_values(claim.statement, findings)
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
        over_looks(p, len(values), evidence.looks) for p in mean_p_values(values, leaf.region.low, leaf.region.high)
    )
    by_survivors = _by_survivors(leaf, found.mean, evidence.runs) if by_seed else False
    if by_survivors:
        support, refute = 1.0, 1.0
    is_open = min(support, refute) > ALPHA and found.interval is not None and not by_survivors
    needed = more_seeds(values, leaf.region, evidence.looks) if is_open else None
    return Finding(
        text=_contrast_text(leaf),
        wanted=leaf.region.text,
        estimate=found.mean if by_seed else None,
        interval=found.interval,
        n=len(by_seed),
        by_seed=by_seed,
        p_support=support,
        p_refute=refute,
        seeds_to_decide=needed,
        run_ids=_ids(arms, evidence.runs, seeds),
        missing=evidence.named(arm for arm in arms if not any(run.done for run in evidence.runs.get(arm, ()))),
        left_out=_left_out(leaf.terms, evidence, seeds),
        open_up_to=most_seeds(evidence.looks) if is_open and needed is None else None,
        by_survivors=by_survivors,
    )


@_find.register
def _rate(leaf: Rate, evidence: Evidence) -> Finding:
    told, silent = _told(leaf.event, leaf.arm, evidence)
    k, n = sum(happened for _, happened in told), len(told)
    support, refute = (
        over_looks_exact(p, n, evidence.looks) for p in rate_p_values(k, n, leaf.region.low, leaf.region.high)
    )
    is_open = n > 0 and min(support, refute) > ALPHA
    needed = more_runs(k, n, leaf.region, evidence.looks) if is_open else None
    return Finding(
        text=f"share of {leaf.arm.name} that {EVENTS[leaf.event].text}",
        wanted=leaf.region.text,
        estimate=k / n if n else None,
        interval=rate_interval(k, n) if n else None,
        n=n,
        by_seed={},
        p_support=support,
        p_refute=refute,
        seeds_to_decide=needed,
        run_ids=tuple(record.id for record, _ in told),
        missing=evidence.named(() if leaf.arm in evidence.runs else (leaf.arm,)),
        left_out=causes_first(silent),
        open_up_to=MOST_RUNS if is_open and needed is None else None,
    )


@_find.register
def _rate_order(leaf: RateOrder, evidence: Evidence) -> Finding:
    groups = (leaf.rarer, leaf.commoner)
    arms = [arm for group in groups for arm in group.arms]
    told, silent = zip(*(_told(leaf.event, arm, evidence) for arm in arms), strict=True)
    by_arm = {arm: {record.seed: happened for record, happened in one} for arm, one in zip(arms, told, strict=True)}
    seeds = sorted(set.intersection(*map(set, by_arm.values())))
    shares, counts = [], []
    for group in groups:
        shares.append({seed: fmean(by_arm[arm][seed] for arm in group.arms) for seed in seeds})
        count = sum(by_arm[arm][seed] for arm in group.arms for seed in seeds)
        counts.append(f"{count} of {len(seeds) * len(group.arms)} of {group.name}")
    found = paired_difference(*shares)
    values = list(found.by_seed.values())
    p = over_looks_exact(sign_flip_p(values), len(values), evidence.looks)
    runs = [record for one in told for record, _ in one]
    alone = [f"{arm.name} s{seed}: {NO_PAIR}" for arm in arms for seed in by_arm[arm] if seed not in seeds]
    return Finding(
        text=f"share that {EVENTS[leaf.event].text}: {', '.join(counts)}; difference by seed",
        wanted="< 0",
        estimate=found.mean if seeds else None,
        interval=sign_flip_interval(values),
        n=found.n,
        by_seed=found.by_seed,
        p_support=p if found.mean < 0 else 1.0,
        p_refute=p if found.mean > 0 else 1.0,
        seeds_to_decide=more_flips(values, evidence.looks) if p > ALPHA else None,
        run_ids=tuple(record.id for record in runs if record.seed in seeds),
        missing=evidence.named(arm for arm in arms if arm not in evidence.runs),
        left_out=causes_first([*(line for lines in silent for line in lines), *alone]),
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
            for record in runs.get(arm, ())
            if record.done and (figure := QUANTITIES[term.quantity].read(record)) is not None
        }
        for arm in term.of.arms
    ]
    seeds = set.intersection(*(set(figures) for figures in per_arm))
    reduce = min if term.of.reduce == "min" else fmean
    return {seed: reduce([figures[seed] for figures in per_arm]) for seed in seeds}


def _by_survivors(leaf: Contrast, mean: float, runs: Runs) -> bool:
    """Return whether what a contrast shows of AP is in favour of arms that lost runs.

    Runs that diverge are not left out by chance: the others may be those that went well (`despite_losses`, of the
    table). Above a bound are those with a positive factor ahead, below it the others; between two it may be either.
    """
    ahead = {sign for sign, bound in ((1, leaf.region.low), (-1, leaf.region.high)) if math.isfinite(bound)}
    if not leaf.region.holds(mean):
        ahead = {1 if mean >= leaf.region.high else -1}
    arms = [
        arm
        for term in leaf.terms
        if QUANTITIES[term.quantity].is_ap and math.copysign(1, term.factor) in ahead
        for arm in term.of.arms
    ]
    return any(record.status in LOST for arm in arms for record in runs.get(arm, ()))


def _told(event: str, arm: Arm, evidence: Evidence) -> tuple[list[tuple[RunRecord, bool]], list[str]]:
    """Return each run of an arm with whether an event happened, and the runs that cannot tell."""
    told, silent = [], _outdated((arm,), evidence)
    for record in evidence.runs.get(arm, ()):
        happened = EVENTS[event].read(record)
        if happened is None:
            silent.append(f"{arm.name} s{record.seed}: {record.status if not record.done else EVENTS[event].silent}")
        else:
            told.append((record, happened))
    return told, silent


def _left_out(terms: Iterable[Term], evidence: Evidence, seeds: set[int]) -> tuple[str, ...]:
    left = []
    for term in terms:
        for arm in term.of.arms:
            for record in evidence.runs.get(arm, ()):
                if record.seed not in seeds:
                    told = QUANTITIES[term.quantity].read(record) is not None
                    why = (NO_PAIR if told else SILENT) if record.done else record.status
                    left.append(f"{arm.name} s{record.seed}: {why}")
    return causes_first([*left, *_outdated([arm for term in terms for arm in term.of.arms], evidence)])


def _outdated(arms: Iterable[Arm], evidence: Evidence) -> list[str]:
    return [
        f"{arm.name} s{record.seed}: {OTHER_PARAMETERS}"
        for arm in dict.fromkeys(arms)
        for record in evidence.outdated.get(arm, ())
    ]


def _ids(arms: Iterable[Arm], runs: Runs, seeds: set[int]) -> tuple[str, ...]:
    return tuple(
        record.id for arm in dict.fromkeys(arms) for record in runs.get(arm, ()) if record.seed in seeds and record.done
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
