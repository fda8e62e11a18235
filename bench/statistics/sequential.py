"""What a p-value is worth when there were several chances to see it: `--until-decided` looks after every added seed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from scipy import special

Looks = tuple[int, int] | None
"""The least and the greatest number of seeds that a study is looked at with; None: once."""

_SEQUENCES = 200_000
_RESOLVED = 100
"""Sequences that must have come so far for their share to be believed (to about 10 %)."""


def looks_p_value(p: float, n: int, first: int, last: int) -> float:
    """Return the p-value of a paired t-test, corrected for looking at every number of seeds from `first` to `last`.

    It is the chance, when there is no effect and the differences are normal, that the t-test's two-sided p-value is
    `p` or less at one look or more. Stopping at the first look at which it is under α is then wrong with a chance of α:
    all looks share one nominal level (Pocock's boundary, here for Student's t and looks after every seed). It may be
    applied to `mean_p_values` as well, which are doubled one-sided p-values of the same t; not to sign-flip tests of
    what is not normal, nor to rates (`over_looks_exact`).

    The t of a sequence does not depend on its scale, so the chance is counted in 200,000 sequences, the same every
    time; its standard error at 0.05 is 0.0005. It is never under p nor over K p, K the number of looks (Bonferroni);
    where fewer than 100 sequences came so far, it is K p as long as that stays under what can be counted.

    Args:
        p: two-sided p-value at n seeds.
        n: pairs it was computed from.
        first: pairs at the first look; one pair cannot be tested, so that a look there is none.
        last: pairs at the last look that the study may come to, whether it does or not.

    Source: Armitage, McPherson & Rowe 1969, Repeated significance tests on accumulating data; Pocock 1977, Group
    sequential methods in the design and analysis of clinical trials.

    Raises:
        ValueError: p is no p-value, or n was not looked at.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p-values lie between 0 and 1, not {p}")
    first = max(first, 2)
    if not first <= n <= last:
        raise ValueError(f"the looks are at {first} to {last} pairs, not at {n}")
    looks = last - first + 1
    if looks == 1:
        return p
    least = _least_p_values(first, last)
    resolved = float(least[_RESOLVED - 1])
    counted = _bounded(np.searchsorted(least, max(p, resolved), side="right") / _SEQUENCES, max(p, resolved), looks)
    return counted if p >= resolved else min(looks * p, counted)


def over_looks(p: float, n: int, looks: Looks) -> float:
    """Return the p-value of a paired t-test of n pairs, corrected for the looks of a study (`looks_p_value`).

    What has fewer pairs than the first look, or more than the last, was looked at there too. One pair has no p-value
    but 1.
    """
    if looks is None or n < 2:
        return p
    return looks_p_value(p, n, min(n, looks[0]), max(n, looks[1]))


def over_looks_exact(p: float, n: int, looks: Looks) -> float:
    """Return the p-value of any other test: Bonferroni, since its looks are no sequence of normal differences.

    Args:
        p: of one look.
        n: units it was computed from; more than the last look has, and there was one after each of them too.
        looks: as everywhere.
    """
    return p if looks is None else min(1.0, p * (max(n, looks[1]) - looks[0] + 1))


def nominal_level(n: int, looks: tuple[int, int], alpha: float = 0.05) -> float:
    """Return what the p-value of n pairs must be under for `over_looks` to come out under alpha.

    Args:
        n: pairs, two or more; beyond the last look the study is taken to have been prolonged to them.
        looks: as everywhere.
        alpha: level over all looks.
    """
    first, last = max(2, min(n, looks[0])), max(n, looks[1])
    # A round number of looks, so that plans of different lengths share one count.
    return float(_nominal_levels(first, 1 << (last - 1).bit_length(), alpha)[last - first])


@lru_cache(maxsize=16)
def _nominal_levels(first: int, most: int, alpha: float) -> np.ndarray:
    """Return the level of each look for studies that end at `first`, `first + 1`, ... `most` pairs."""
    allowed = math.ceil(alpha * _SEQUENCES)  # fewer sequences than this may come so far
    found = []
    for n, least in enumerate(_watched(first, most), start=first):
        counted = float(np.partition(least, allowed - 1)[allowed - 1]) if allowed > _RESOLVED else 0.0
        found.append(min(alpha, max(counted, alpha / (n - first + 1))))
    return np.array(found)


def _bounded(chance: float, p: float, looks: int) -> float:
    return min(max(float(chance), p), looks * p, 1.0)


@lru_cache(maxsize=16)
def _least_p_values(first: int, last: int) -> np.ndarray:
    """Return the least two-sided p-value over the looks, of every sequence without an effect, in order."""
    *_, least = _watched(first, last)
    return np.sort(least)


def _watched(first: int, last: int) -> Iterator[np.ndarray]:
    """Yield for each look from `first` on the least two-sided p-value so far, of every sequence without an effect.

    It is one array, which goes on changing. A longer study has the sequences of a shorter one, and more of each.
    """
    rng = np.random.default_rng(0)
    total, squares = np.zeros(_SEQUENCES), np.zeros(_SEQUENCES)
    least = np.ones(_SEQUENCES)
    for n in range(1, last + 1):
        drawn = rng.standard_normal(_SEQUENCES)
        total += drawn
        squares += drawn**2
        if n >= first:
            variance = (squares - total**2 / n) / (n - 1)
            t = np.abs(total) / np.sqrt(n * variance)
            # Student's tails are heavier than the normal ones, which are quicker to find: few sequences need both.
            may = np.flatnonzero(2 * special.ndtr(-t) < least)
            least[may] = np.minimum(least[may], 2 * special.stdtr(n - 1, -t[may]))
            yield least
