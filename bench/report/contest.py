"""Who is best, named only where the numbers say so.

The first must be shown to beat each of the others: Holm over these tests, as in the comparison table. Whoever is first
was picked after looking, but has to pass against all; the chance that one who is not the best does so is highest with
two that are alike, and is 5 % there. A strategy that lost runs is never named: what is left of it is not all of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import fmean, median, stdev

from bench.report.numbers import names
from bench.report.parts import Winner
from bench.statistics import (
    ALPHA,
    Looks,
    all_equal,
    holm,
    mean_p_values,
    over_looks,
    over_looks_exact,
    sign_flip_p,
)

Figures = Mapping[int, float]

_SAME = 1e-12

Beats = Callable[[str, Sequence[str]], Sequence[bool]]


def best_mean(figures: Mapping[str, Figures], lost: Collection[str], high: bool = True, looks: Looks = None) -> Winner:
    """Return whose mean over seeds is best, by paired t-tests on the seeds two of them share."""

    def beats(first: str, others: Sequence[str]) -> list[bool]:
        return _holm([_ahead_p(figures[first], figures[other], high, looks) for other in others])

    return _contest({name: fmean(one.values()) for name, one in figures.items() if one}, lost, high, "paired t", beats)


def best_rate(happened: Mapping[str, Mapping[int, bool]], lost: Collection[str] = (), looks: Looks = None) -> Winner:
    """Return whose rate is highest, by sign-flip tests over the seeds two of them share: these make runs alike."""

    def beats(first: str, others: Sequence[str]) -> list[bool]:
        found = []
        for other in others:
            seeds = sorted(happened[first].keys() & happened[other].keys())
            apart = [happened[first][seed] - happened[other][seed] for seed in seeds]
            found.append(over_looks_exact(sign_flip_p(apart) if sum(apart) > 0 else 1.0, len(apart), looks))
        return _holm(found)

    rates = {name: fmean(by_seed.values()) for name, by_seed in happened.items() if by_seed}
    return _contest(rates, lost, True, "sign-flip test", beats)


def least_spread(figures: Mapping[str, Figures], lost: Collection[str], looks: Looks = None) -> Winner:
    """Return whose figures vary least over seeds, by sign-flip tests of their distances from the median, seed by seed.

    A test of variances that takes figures as normal (Pitman and Morgan's) names one of two like strategies every
    second time where one run in ten collapses, and such runs are what this criterion is about. The sign-flip test's
    p-value is doubled: distances from one's own median are not quite symmetric, so that without it one of two like
    strategies would be named in up to 8 % of studies whose figures are skewed (simulated, 6 to 20 seeds).

    Source: Brown & Forsythe 1974, Robust tests for the equality of variances, for the distances from the median.
    """

    def beats(first: str, others: Sequence[str]) -> list[bool]:
        a = figures[first]
        shared = [len(a.keys() & figures[other].keys()) for other in others]
        found = [min(1.0, 2 * _less_spread_p(a, figures[other])) for other in others]
        return _holm([over_looks_exact(p, n, looks) for p, n in zip(found, shared, strict=True)])

    spreads = {name: stdev(one.values()) for name, one in figures.items() if len(one) > 1}
    return _contest(spreads, lost, False, "sign-flip test of distances from the median", beats)


def least_count(counts: Mapping[str, float]) -> Winner:
    """Return who has the least of what is known without error: one, or all that tie."""
    if len(counts) < 2:
        return _nobody(counts)
    least = min(counts.values())
    first = tuple(name for name, count in counts.items() if count == least)
    if len(first) == len(counts):
        return Winner((), f"all have {least:g}")
    return Winner(first, f"{least:g}, a count" + (f"; {len(first)} tie" if len(first) > 1 else ""))


def _contest(scores: Mapping[str, float], lost: Collection[str], high: bool, test: str, beats: Beats) -> Winner:
    if len(scores) < 2:
        return _nobody(scores)
    best = max(scores.values()) if high else min(scores.values())
    first = sorted(name for name, score in scores.items() if abs(score - best) <= _SAME * max(1.0, abs(best)))
    which = "highest" if high else "lowest"
    if len(first) > 1:
        return Winner((), f"{names(first, 3)} tie for the {which}")
    (leader,) = first
    others = [name for name in scores if name != leader]
    open_ = [other for other, beaten in zip(others, beats(leader, others), strict=True) if not beaten]
    if open_:
        whom = names(open_, 3)
        if len(others) > 3:
            whom = "any of the others" if len(open_) == len(others) else f"{len(open_)} of {len(others)} others: {whom}"
        return Winner((), f"{leader} has the {which}, but is not shown to beat {whom} ({test}, Holm)")
    whom = f"all {len(others)} others" if len(others) > 1 else others[0]
    if leader in lost:
        return Winner((), f"{leader} has the {which} and beats {whom}, but lost runs")
    return Winner((leader,), f"beats {whom} ({test}, Holm)")


def _nobody(scores: Mapping[str, float]) -> Winner:
    return Winner((), "measured on one strategy alone" if scores else "not on record")


def _holm(p_values: Sequence[float]) -> list[bool]:
    return [p < ALPHA for p in holm(p_values)]


def _ahead_p(a: Figures, b: Figures, high: bool, looks: Looks) -> float:
    """Return the two-sided p-value of the paired t-test where A is ahead of B; 1 where it is not, or cannot be told."""
    apart = [a[seed] - b[seed] if high else b[seed] - a[seed] for seed in sorted(a.keys() & b.keys())]
    p, _ = mean_p_values(apart, 0.0, math.inf)
    return over_looks(p, len(apart), looks)


def _less_spread_p(a: Figures, b: Figures) -> float:
    """Return the p-value of equal spreads where A's is the smaller; 1 where it is not, or cannot be told."""
    seeds = sorted(a.keys() & b.keys())
    if not seeds:
        return 1.0
    if all_equal(a[seed] for seed in seeds):  # no spread at all is nothing to judge by
        return 1.0
    near, far = ([abs(one[seed] - median(one[seed] for seed in seeds)) for seed in seeds] for one in (a, b))
    apart = [q - p for p, q in zip(near, far, strict=True)]
    return sign_flip_p(apart) if sum(apart) > 0 else 1.0
