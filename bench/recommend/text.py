"""A recommendation in words: which strategy to use, on what evidence, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bench.arm_name import arm_name
from bench.recommend.rounds import Figures, Key, Standing
from bench.report.markup import plain_table
from bench.report.numbers import figure, with_interval
from bench.report.row import REFERENCE
from bench.statistics import BETTER, WORSE


def words(
    found: Sequence[Standing], figures: Figures, dropped: Mapping[Key, int], lost: Mapping[Key, Sequence[str]]
) -> list[str]:
    """Return the recommendation, line by line: what to use, how sure that is, and every strategy's figures.

    Args:
        found: the best first.
        figures: by strategy and seed.
        dropped: after how many seeds a strategy was left out.
        lost: what became of the runs of a strategy that have no figure.
    """
    best, *others = found
    behind = [one for one in others if one.verdict.verdict == WORSE]
    open_ = [one for one in others if one not in behind and (one.key not in lost or best.key in lost)]
    unfit = [one for one in others if one not in behind and one not in open_]
    ahead = [one for one in open_ if one.verdict.verdict == BETTER]
    undecided = [one for one in open_ if one not in ahead]
    lines = [f"Use {arm_name(*best.key)}: mAP50-95 {figure(best.mean)} over {_seeds(figures[best.key])}."]
    if not others:
        lines.append("Nothing else came to its end: there is nothing to compare it with.")
    elif not open_ and behind:
        whole = " without a lost run" if unfit else ""
        told = f"the other{whole} is" if len(behind) == 1 else f"all {len(behind)} others{whole} are"
        lines.append(f"Sure at 95 %: {told} behind, all of them looked at together.")
    elif undecided:
        names = ", ".join(arm_name(*one.key) for one in undecided)
        lines.append(f"Not settled (UNDECIDED) against {len(undecided)} of {len(others)}: {names}.")
        reference = next((one for one in undecided if one.key[0] == REFERENCE), None)
        if reference is not None:
            lines.append(f"It is not shown to be better than {REFERENCE} alone, which is the simplest.")
        needed = [one.verdict.seeds_to_decide for one in undecided if one.verdict.seeds_to_decide]
        beyond = max(one.verdict.open_up_to or 0 for one in undecided)
        if needed or beyond:
            first = f"about {min(needed)}" if needed else f"over {beyond:,}"
            last = f"over {beyond:,}" if beyond else f"{max(needed)}"
            lines.append(f"The nearest open difference would take {first} seeds, the last {last}.")
    if behind:
        lines.append(f"Behind beyond doubt: {', '.join(arm_name(*one.key) for one in behind)}.")
    if ahead:
        names = ", ".join(f"{arm_name(*one.key)} ({_seeds(figures[one.key])})" for one in ahead)
        lines.append(f"Ahead on the seeds that both have, and not recommended on so few: {names}.")
    if unfit:
        names = ", ".join(arm_name(*one.key) for one in unfit)
        lines.append(f"Not shown to be behind, and not recommended, since runs were lost: {names}.")
    for key, how in lost.items():
        of = len(how) + len(figures.get(key, ()))
        lines.append(f"Lost: {len(how)} of {of} runs of {arm_name(*key)} ({', '.join(dict.fromkeys(how))}).")
    rows = [_line(one, figures[one.key], dropped) for one in found]
    last = "An interval stands for itself, and pays for no look and no choice of the best; the words do."
    return [*lines, "", *plain_table(pd.DataFrame(rows)).splitlines(), "", last]


def _line(one: Standing, by_seed: Mapping[int, float], dropped: Mapping[Key, int]) -> dict[str, str]:
    difference, verdict = "", "best"
    if one.difference is not None:
        difference, verdict = with_interval(one.difference.mean, one.difference.interval), one.verdict.verdict
        if one.key in dropped:
            verdict += f", left out after seed {dropped[one.key] - 1}"
    return {
        "strategy": arm_name(*one.key),
        "seeds": str(len(by_seed)),
        "mAP50-95": figure(one.mean),
        "minus the best [95 %]": difference,
        "verdict": verdict,
    }


def _seeds(by_seed: Mapping[int, float]) -> str:
    return f"{len(by_seed)} seed{'s' if len(by_seed) > 1 else ''}"
