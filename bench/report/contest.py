"""Who is best, named only where the numbers say so.

The first must be shown to beat each of the others: Holm over these tests, as in the comparison table. Whoever is first
was picked after looking, but has to pass against all; the chance that one who is not the best does so is highest with
two that are alike, and is 5 % there. A strategy that lost runs is never named: what is left of it is not all of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import fmean, stdev

from scipy import special

from bench.report.numbers import names
from bench.report.parts import Winner
from bench.statistics import ALPHA, Looks, holm, mean_p_values, over_looks, over_looks_exact, rate_difference_p

Figures = Mapping[int, float]

_SAME = 1e-12

Beats = Callable[[str, Sequence[str]], Sequence[bool]]


def best_mean(figures: Mapping[str, Figures], lost: Collection[str], high: bool = True, looks: Looks = None) -> Winner:
    """Return whose mean over seeds is best, by paired t-tests on the seeds two of them share."""

    def beats(first: str, others: Sequence[str]) -> list[bool]:
        return _holm([_ahead_p(figures[first], figures[other], high, looks) for other in others])

    return _contest({name: fmean(one.values()) for name, one in figures.items() if one}, lost, high, "paired t", beats)


def best_rate(counts: Mapping[str, tuple[int, int]], lost: Collection[str] = (), looks: Looks = None) -> Winner:
    """Return whose rate is highest, by Boschloo's exact tests."""

    def beats(first: str, others: Sequence[str]) -> list[bool]:
        return _holm(
            [over_looks_exact(rate_difference_p(*counts[first], *counts[other])[0], looks) for other in others]
        )

    return _contest({name: k / n for name, (k, n) in counts.items() if n}, lost, True, "Boschloo's exact test", beats)


def least_spread(figures: Mapping[str, Figures], lost: Collection[str], looks: Looks = None) -> Winner:
    """Return whose figures vary least over seeds, by Pitman and Morgan's test of two paired variances.

    Source: Pitman 1939, A note on normal correlation; Morgan 1939, A test for the significance of the difference
    between the two variances in a sample from a normal bivariate population.
    """

    def beats(first: str, others: Sequence[str]) -> list[bool]:
        return _holm([over_looks_exact(_less_spread_p(figures[first], figures[other]), looks) for other in others])

    spreads = {name: stdev(one.values()) for name, one in figures.items() if len(one) > 1}
    return _contest(spreads, lost, False, "Pitman and Morgan's test", beats)


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
    """Return the p-value of equal variances where A's is the smaller; 1 where it is not, or cannot be told."""
    seeds = sorted(a.keys() & b.keys())
    n = len(seeds)
    x, y = ([one[seed] for seed in seeds] for one in (a, b))
    if n < 3 or stdev(x) >= stdev(y):
        return 1.0
    total, apart = [p + q for p, q in zip(x, y, strict=True)], [p - q for p, q in zip(x, y, strict=True)]
    if min(map(stdev, (total, apart))) <= _SAME:
        return 1.0
    mean_t, mean_a = fmean(total), fmean(apart)
    shared = math.fsum((p - mean_t) * (q - mean_a) for p, q in zip(total, apart, strict=True))
    r = shared / ((n - 1) * stdev(total) * stdev(apart))
    if 1 - r * r <= _SAME:  # all on one line: no spread to judge by, as where all differences are equal
        return 1.0
    return float(2 * special.stdtr(n - 2, -abs(r) * math.sqrt((n - 2) / (1 - r * r))))
