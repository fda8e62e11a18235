"""How many more seeds or runs a finding takes, if they come out as those before them did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, stdev

from bench.claims.combining import p_values
from bench.claims.model import Finding
from bench.claims.statement import Claim, Rate, Region
from bench.statistics import ALPHA, Looks, over_looks_exact, rate_p_values, seeds_to_decide

MOST_RUNS, MOST_EACH = 1000, 200
"""Up to how many `more_runs` and `runs_of_each` look for a number that would do."""
_MOST_SEEDS = 30


def more_seeds(values: Sequence[float], region: Region, looks: Looks) -> int | None:
    """Return the least number of seeds, more than there are, at which this mean and spread would be decided.

    Args:
        values: the quantity at each seed, of a finding that is undecided.
        region: where it is said to lie.
        looks: what the verdict pays for.

    Returns:
        None where no number would do (`bench.statistics.seeds_to_decide`) or there is no spread to plan with.
    """
    if len(values) < 2:
        return None
    mean, sd = fmean(values), stdev(values)
    if region.holds(mean):
        bounds = [bound for bound in (region.low, region.high) if math.isfinite(bound)]  # both must be left out
    else:
        bounds = [region.low if mean <= region.low else region.high]  # to be past the other one shows nothing
    needed = [seeds_to_decide(mean - bound, sd, ALPHA, len(values), looks) for bound in bounds]
    known = [n for n in needed if n is not None]
    return max(known) if len(known) == len(needed) else None


def more_flips(values: Sequence[float], looks: Looks) -> int | None:
    """Return the least number of seeds, more than there are, at which the sign-flip test decides if all keep a sign.

    Args:
        values: the difference at each seed, of a finding that is undecided.
        looks: what the verdict pays for.

    Returns:
        None where they do not all have one sign: how the others would come out is anyone's guess.
    """
    if not values or not (min(values) > 0 or max(values) < 0):
        return None
    for seeds in range(len(values) + 1, _MOST_SEEDS + 1):
        if over_looks_exact(2 / 2**seeds, seeds, looks) <= ALPHA:
            return seeds
    return None


def more_runs(k: int, n: int, region: Region, looks: Looks) -> int | None:
    """Return the least number of runs, more than n, at which the same rate would be decided; None over 1000.

    Args:
        k: how often it happened, in a finding that is undecided.
        n: runs.
        region: where the rate is said to lie.
        looks: what the verdict pays for; one after every run beyond the last look too, since the study would have been
            prolonged to it.
    """
    if not n:
        return None
    for runs in range(n + 1, MOST_RUNS + 1):
        if min(_planned(k / n, runs, region, looks)) <= ALPHA:
            return runs
    return None


def runs_of_each(claim: Claim, findings: Sequence[Finding], looks: Looks) -> int | None:
    """Return how many runs of each arm would decide a claim about rates, if each rate stayed what it is.

    It is the claim that is planned for and not its parts: a choice among six pays for six.

    Args:
        claim: all of whose parts are rates.
        findings: one a part, in their order.
        looks: as `more_runs` has it.

    Returns:
        The least number above that of any part; None over 200, and where a part has no run.
    """
    rates = [leaf for leaf in claim.leaves() if isinstance(leaf, Rate)]
    estimates = [finding.estimate for finding in findings]
    if len(rates) < len(findings) or None in estimates:
        return None
    for runs in range(max(finding.n for finding in findings) + 1, MOST_EACH + 1):
        planned = []
        for leaf, finding, rate in zip(rates, findings, estimates, strict=True):
            support, refute = _planned(rate, runs, leaf.region, looks)  # type: ignore[arg-type]
            planned.append(replace(finding, p_support=support, p_refute=refute))
        if min(p_values(claim.statement, planned)) <= ALPHA:
            return runs
    return None


def _planned(rate: float, runs: int, region: Region, looks: Looks) -> tuple[float, float]:
    """Return the p-values for and against a rate's region if so many runs had this rate."""
    support, refute = rate_p_values(round(rate * runs), runs, region.low, region.high)
    return over_looks_exact(support, runs, looks), over_looks_exact(refute, runs, looks)
