"""Which strategy to use on some data, as far as a budget of time can tell: rounds of seeds, fewer strategies each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bench.errors import UserError
from bench.statistics import PairedDifference, Verdict, paired_difference, verdicts
from bench.study import Run

MOST_SEEDS = 10
Key = tuple[str, str | None]
"""A strategy's label, and its form."""
Figures = Mapping[Key, Mapping[int, float]]
"""mAP50-95 by seed of each strategy; the seeds are those of the runs that are done."""


def read_budget(text: str) -> float:
    """Return the seconds of `90s`, `30m`, `2h` or `1h30m`.

    Raises:
        UserError: it is none of these, or nothing.
    """
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.strip())
    seconds = (
        sum(int(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True)) if match else 0
    )
    if not seconds:
        raise UserError(f"--budget {text}: give a time, say 30m, 2h or 1h30m")
    return float(seconds)


class Standing(NamedTuple):
    """A strategy against the one that is recommended.

    Attributes:
        key: which it is.
        mean: of its mAP50-95 over its seeds.
        difference: it minus the recommended one, over the seeds that both have; None for that one itself.
        verdict: `worse` where it is behind beyond doubt, `UNDECIDED` where that cannot be told; empty for the best.
    """

    key: Key
    mean: float
    difference: PairedDifference | None
    verdict: Verdict


def standings(figures: Figures, first_look: int = 2) -> list[Standing]:
    """Return every strategy, the recommended one first: that of the highest mean among those with the most seeds.

    The best was picked by its figures out of K, so that each of K would have had its K - 1 comparisons: their level is
    a K-th of 5 %, shared by Holm's method and paid for every look from `first_look` seeds to `MOST_SEEDS`.

    Args:
        figures: at least one strategy with a seed.
        first_look: seeds at which strategies were first compared.
    """
    most = max(len(by_seed) for by_seed in figures.values())
    means = {key: sum(by_seed.values()) / len(by_seed) for key, by_seed in figures.items() if by_seed}
    best = max((key for key in means if len(figures[key]) == most), key=lambda key: means[key])
    others = sorted((key for key in means if key != best), key=lambda key: -means[key])
    differences = [paired_difference(figures[key], figures[best]) for key in others]
    judged = verdicts(differences, alpha=0.05 / max(1, len(means)), looks=(first_look, MOST_SEEDS))
    return [
        Standing(best, means[best], None, Verdict()),
        *(Standing(*one) for one in zip(others, (means[key] for key in others), differences, judged, strict=True)),
    ]


def in_the_running(figures: Figures) -> list[Key]:
    """Return the strategies that are worth another seed: those whose 95 % interval to the best does not lie below it.

    Each interval stands for itself here: what it drops saves time, and what is said in the end pays for them all.
    """
    found = standings(figures)
    return [
        one.key for one in found if one.difference is None or not (one.difference.decided and one.difference.mean < 0)
    ]


@dataclass
class Rounds:
    """Follows the seeds that are done with the next one, as long as the budget allows; see `carry_out_study`.

    Args:
        templates: a run of each candidate; later ones differ in the seed alone.
        figures: reads what the runs that are done came to.
        cost: what a run took of the time, others beside it, on the mean of those that are done; seconds.
        time_left: seconds of the budget that remain.

    Attributes:
        dropped: by candidate, after how many seeds it was left out.
    """

    templates: Mapping[Key, Run]
    figures: Callable[[Sequence[Run]], Figures]
    cost: Callable[[Sequence[Run]], float]
    time_left: Callable[[], float]
    dropped: dict[Key, int] = field(default_factory=dict)

    def __call__(self, done: Sequence[Run], lost: Sequence[Run]) -> list[Run]:
        """Return the next seed of all that are still in the running; nothing when it would not fit."""
        figures = self.figures(done)
        if not figures:
            return []
        seeds = max(len(by_seed) for by_seed in figures.values())
        left = in_the_running(figures) if seeds > 1 else list(figures)
        for key in self.templates:
            if key not in left:
                self.dropped.setdefault(key, seeds)
        if len(left) < 2 or seeds >= MOST_SEEDS or self.cost(done) * len(left) > self.time_left():
            return []
        return [replace(self.templates[key], seed=seeds) for key in left]


def affordable(
    budget: float, seconds_an_epoch: float, candidates: int, epochs: int, least: int = 10
) -> tuple[int, int]:
    """Return (candidates, epochs) so that two seeds of each fit the budget: fewer epochs first, then fewer candidates.

    Args:
        budget: seconds.
        seconds_an_epoch: of one run, with others beside it on all workers.
        candidates: that there are.
        epochs: that are wanted.
        least: epochs under which no run says anything.

    Raises:
        UserError: not even two candidates fit.
    """
    least = min(least, epochs)
    fit = budget / (2 * seconds_an_epoch)  # epochs of all candidates together, a seed each
    if fit >= least * candidates:
        return candidates, min(epochs, int(fit / candidates))
    if fit < 2 * least:
        needed = 4 * least * seconds_an_epoch / 60
        raise UserError(f"--budget: two strategies of {least} epochs and two seeds take about {needed:.0f} minutes")
    return int(fit / least), least
