"""Which strategy to use on some data, as far as a budget of time can tell: rounds of seeds, fewer strategies each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import NamedTuple

from bench.errors import UserError
from bench.records import LOST, RunRecord
from bench.report.rows import figures_of
from bench.statistics import ALPHA, WORSE, PairedDifference, Verdict, paired_difference, verdicts
from bench.study import Run

MOST_SEEDS = 10
_TRIES = 2
"""Runs that may be lost before a strategy without any figure is given up."""
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


def outcome_of(records: Iterable[RunRecord]) -> tuple[dict[Key, dict[int, float]], dict[Key, list[str]]]:
    """Return the figures of each strategy by seed, and what became of the runs that were lost."""
    figures: dict[Key, dict[int, float]] = {}
    lost: dict[Key, list[str]] = {}
    for record in records:
        key = (record.label, record.form)
        if figure := figures_of([record]):
            figures.setdefault(key, {}).update(figure)
        elif record.status in LOST:
            lost.setdefault(key, []).append(record.status)
    return figures, lost


class Standing(NamedTuple):
    """A strategy against the one that is recommended.

    Attributes:
        key: which it is.
        mean: of its mAP50-95 over its seeds.
        difference: it minus the recommended one, over the seeds that both have; None for that one itself.
        verdict: `worse` where it is behind beyond doubt, `UNDECIDED` where that cannot be told, `better` where only
            what disqualifies it has it not recommended; empty for the best.
    """

    key: Key
    mean: float
    difference: PairedDifference | None
    verdict: Verdict


def standings(
    figures: Figures, unfit: Collection[Key] = (), dropped: Collection[Key] = (), first_look: int = 2
) -> list[Standing]:
    """Return every strategy that has a figure, the recommended one first.

    That is the one of the highest mean among those with the most seeds, or one less, since a round may have been broken
    off: over the seeds that they share. Who was dropped does not hold up the choice, though it has one seed less yet.

    The best was picked by its figures out of K, so that each of K would have had its K - 1 comparisons: their level is
    a K-th of 5 %, shared by Holm's method and paid for every look from `first_look` seeds to `MOST_SEEDS`.

    Args:
        figures: at least one strategy with a seed.
        unfit: who is not to be recommended, unless nobody else has a figure.
        dropped: who was left out.
        first_look: seeds at which strategies were first compared.
    """
    means = {key: fmean(by_seed.values()) for key, by_seed in figures.items() if by_seed}
    fit = [key for key in means if key not in unfit] or list(means)
    best = _best({key: figures[key] for key in fit}, dropped)
    others = sorted((key for key in means if key != best), key=lambda key: -means[key])
    differences = [paired_difference(figures[key], figures[best]) for key in others]
    judged = verdicts(differences, alpha=ALPHA / max(1, len(means)), looks=(first_look, MOST_SEEDS))
    return [
        Standing(best, means[best], None, Verdict()),
        *(Standing(*one) for one in zip(others, (means[key] for key in others), differences, judged, strict=True)),
    ]


def _best(figures: Figures, dropped: Collection[Key]) -> Key:
    most = max(len(by_seed) for by_seed in figures.values())
    front = {
        key: by_seed
        for key, by_seed in figures.items()
        if len(by_seed) == most or (len(by_seed) == most - 1 and key not in dropped)
    }
    shared = set.intersection(*(set(by_seed) for by_seed in front.values()))
    if shared:
        return max(front, key=lambda key: fmean(front[key][seed] for seed in shared))
    return max((key for key in front if len(front[key]) == most), key=lambda key: fmean(front[key].values()))


def in_the_running(found: Sequence[Standing]) -> list[Key]:
    """Return the strategies whose 95 % interval to the best does not lie below it: who is worth another seed first.

    Each interval stands for itself here: what it drops saves time, and may come back (`open_to_the_best`).
    """
    return [
        one.key for one in found if one.difference is None or not (one.difference.decided and one.difference.mean < 0)
    ]


def open_to_the_best(found: Sequence[Standing]) -> list[Key]:
    """Return the best and the strategies that are not behind it beyond doubt: all looks and all strategies paid for."""
    return [one.key for one in found if one.difference is None or one.verdict.verdict != WORSE]


@dataclass
class Rounds:
    """Follows the seeds that are done with the next one, as long as the budget allows; see `carry_out_study`.

    What is behind by its own interval is dropped, so that seeds go to those that are ahead. Once one alone is left,
    what was dropped and is not behind beyond doubt gets the seeds that it missed.

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
        """Return the next seed of those whose turn it is; nothing when it would not fit, or all is told.

        Args:
            done: the runs that are done.
            lost: those that diverged or failed.
        """
        figures = self.figures(done)
        if not figures:
            return []
        over = Counter((run.label, run.form) for run in (*done, *lost))  # a seed that was lost is not tried again
        turn = self._whose_turn(figures, over, lost)
        first = min((over[key] for key in turn), default=MOST_SEEDS)
        chosen = [key for key in turn if over[key] == first]
        if first >= MOST_SEEDS or self.cost(done) * len(chosen) > self.time_left():
            return []
        return [replace(self.templates[key], seed=first) for key in chosen]

    def _whose_turn(self, figures: Figures, over: Mapping[Key, int], lost: Sequence[Run]) -> list[Key]:
        """Return those whose next seeds are wanted, and keep account of who is dropped."""
        found = standings(figures, {(run.label, run.form) for run in lost}, self.dropped)
        silent = [key for key in self.templates if key not in figures and over[key] < _TRIES]
        left = [*in_the_running(found), *silent]
        for key in self.templates:
            if key not in left:
                self.dropped.setdefault(key, over[key])
        if len(left) == 1:
            left = open_to_the_best(found)
        for key in left:
            self.dropped.pop(key, None)
        return left if len(left) > 1 else []


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
