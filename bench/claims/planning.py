"""How many more seeds or runs a finding takes, if they come out as those before them did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from bench.claims.statement import Region
from bench.statistics import ALPHA, Looks, over_looks, over_looks_exact, rate_p_values, seeds_to_decide

_MOST_RUNS = 1000
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
        if over_looks(2 / 2**seeds, seeds, looks and (looks[0], max(looks[1], seeds))) <= ALPHA:
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
    for runs in range(n + 1, _MOST_RUNS + 1):
        p = min(rate_p_values(round(k / n * runs), runs, region.low, region.high))
        if over_looks_exact(p, looks and (looks[0], max(looks[1], runs))) <= ALPHA:
            return runs
    return None
