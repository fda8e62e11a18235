"""The path to a verdict, on made-up studies: nothing is found where there is nothing, and what is there is found."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from scipy import stats

from bench.statistics import (
    BETTER,
    HOLM,
    LOOKS,
    LOST_RUNS,
    NO_SPREAD,
    UNDECIDED,
    WORSE,
    Verdict,
    despite_losses,
    holm,
    looks_p_value,
    paired_difference,
    power,
    t_p_value,
    verdicts,
)
from tests.statistics.samples import SD, by_seed, compared, study

STRATEGIES, STUDIES = 12, 1000
SD_OF_DIFFERENCE = SD * 2**0.5


def difference(*values):
    return paired_difference(by_seed(values), dict.fromkeys(range(len(values)), 0.0))


CLEAR, UNCLEAR = difference(0.10, 0.11, 0.12), difference(-0.1, 0.1, 0.3)
BARELY = difference(0.07, 0.09, 0.13)
"""Decided alone, but not as one of two."""


def any_false_verdict(seeds, reference_sd=SD):
    """Return in how many studies of strategies that all equal the reference there is a verdict."""
    rng = np.random.default_rng(seeds)
    effects = np.zeros(STRATEGIES)
    found = (verdicts(compared(study(rng, seeds, effects, reference_sd))) for _ in range(STUDIES))
    return sum(any(one.verdict in (BETTER, WORSE) for one in table) for table in found)


def is_at_most_nominal(found, studies=STUDIES, alpha=0.05):
    return stats.binomtest(found, studies, alpha, alternative="greater").pvalue > 0.01


@pytest.mark.parametrize("seeds", [3, 5, 8])
def test_nothing_is_found_where_there_is_nothing(seeds):
    """All strategies share the reference's runs, so that they are wrong together."""
    assert is_at_most_nominal(any_false_verdict(seeds))


def test_nor_with_a_reference_that_is_known():
    assert is_at_most_nominal(any_false_verdict(3, reference_sd=0.0))


def test_without_holm_it_would_be(monkeypatch):
    """The test above can fail."""
    monkeypatch.setattr(importlib.import_module("bench.statistics.verdicts"), "holm", list)
    assert not is_at_most_nominal(any_false_verdict(3))


def stopped_with_a_verdict(looks, corrected, studies=400):
    """Return how many studies without an effect ever show a verdict, seeds being added to what is undecided."""
    rng, count = np.random.default_rng(9), 0
    for _ in range(studies):
        drawn = study(rng, looks[1], np.zeros(STRATEGIES))
        tables = (
            verdicts(compared(drawn[:, :n]), looks=looks if corrected else None) for n in range(looks[0], looks[1] + 1)
        )
        count += any(one.verdict != UNDECIDED for table in tables for one in table)
    return count


def test_nor_by_looking_until_something_is_decided():
    looks = (3, 8)
    assert is_at_most_nominal(stopped_with_a_verdict(looks, corrected=True), 400)
    assert not is_at_most_nominal(stopped_with_a_verdict(looks, corrected=False), 400)


@pytest.mark.parametrize(("effect", "seeds"), [(0.06, 3), (-0.04, 5), (0.03, 8)])
def test_a_planted_effect_is_found_as_often_as_computed(effect, seeds):
    rng = np.random.default_rng(1)
    wanted = BETTER if effect > 0 else WORSE
    found = sum(verdicts(compared(study(rng, seeds, np.array([effect]))))[0].verdict == wanted for _ in range(STUDIES))
    chance = power(effect, SD_OF_DIFFERENCE, seeds)
    assert 0.3 < chance < 0.9
    assert stats.binomtest(found, STUDIES, chance).pvalue > 0.01


def test_among_others_it_is_found_at_a_level_between_bonferronis_and_its_own():
    rng, effects = np.random.default_rng(2), np.eye(1, STRATEGIES)[0] * 0.06
    found = sum(verdicts(compared(study(rng, 8, effects)))[0].verdict == BETTER for _ in range(STUDIES))
    low, high = (power(0.06, SD_OF_DIFFERENCE, 8, alpha) for alpha in (0.05 / STRATEGIES, 0.05))
    assert stats.binomtest(found, STUDIES, low, alternative="less").pvalue > 0.01
    assert found / STUDIES < high


def test_verdicts_by_hand():
    table = verdicts([CLEAR, None, UNCLEAR, difference(-0.12, -0.11, -0.10), difference(0.1)])
    assert [one.verdict for one in table] == [BETTER, "", UNDECIDED, WORSE, UNDECIDED]
    p = [t_p_value(CLEAR), t_p_value(UNCLEAR), t_p_value(CLEAR)]
    assert [table[i].adjusted_p for i in (0, 2, 3)] == pytest.approx(holm(p))
    assert table[1].adjusted_p is None
    assert table[4].adjusted_p is None
    assert verdicts([]) == []


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("size", [CLEAR, UNCLEAR])
def test_there_is_no_verdict_for_who_lost_runs(size, sign):
    """Of ten runs of which six diverged, the four that are left may be those that went well."""
    one = difference(*(sign * value for value in size.by_seed.values()))
    (found,) = verdicts([one])
    kept = despite_losses(found, one, lost=sign > 0, reference_lost=sign < 0)
    assert kept == Verdict(found.adjusted_p, UNDECIDED, LOST_RUNS)
    assert despite_losses(found, one, lost=sign < 0, reference_lost=sign > 0) == found  # it is behind nevertheless
    assert despite_losses(found, one, lost=False, reference_lost=False) == found
    assert despite_losses(Verdict(), None, lost=True, reference_lost=True) == Verdict()


def test_each_must_show_more_among_more():
    assert verdicts([BARELY])[0].verdict == BETTER
    assert verdicts([BARELY, UNCLEAR])[0].verdict == UNDECIDED
    assert verdicts([BARELY, None, difference(0.1)])[0].verdict == BETTER


def test_each_must_show_more_over_more_looks():
    p = t_p_value(CLEAR)
    assert verdicts([CLEAR], looks=(3, 10))[0].adjusted_p == looks_p_value(p, 3, 3, 10) > p
    assert verdicts([CLEAR], looks=(3, 3)) == verdicts([CLEAR])
    assert verdicts([BARELY], looks=(3, 10))[0].verdict == UNDECIDED


def test_a_strategy_outside_the_planned_looks_was_looked_at_where_it_is():
    p = t_p_value(CLEAR)
    assert verdicts([CLEAR], looks=(5, 8))[0].adjusted_p == looks_p_value(p, 3, 3, 8)
    assert verdicts([CLEAR], looks=(2, 2))[0].adjusted_p == looks_p_value(p, 3, 2, 3)


def test_what_alone_keeps_a_verdict_open_is_told():
    assert verdicts([CLEAR])[0].kept_open_by == ""
    assert verdicts([UNCLEAR])[0].kept_open_by == ""
    assert verdicts([BARELY, UNCLEAR])[0].kept_open_by == HOLM
    assert verdicts([BARELY], looks=(3, 10))[0].kept_open_by == LOOKS
    assert verdicts([BARELY, UNCLEAR], looks=(3, 10))[0].kept_open_by == LOOKS
    assert verdicts([UNCLEAR], looks=(3, 10))[0].kept_open_by == ""
    both = difference(0.10, 0.11, 0.121)
    assert verdicts([both], looks=(3, 4))[0].verdict == BETTER
    assert verdicts([both, *[UNCLEAR] * 8], looks=(3, 4))[0].kept_open_by == HOLM
    assert [one.kept_open_by for one in verdicts([difference(0.1, 0.1), difference(0.1)])] == [NO_SPREAD, ""]


@pytest.mark.parametrize("looks", [None, (3, 5), (3, 30)])
@pytest.mark.parametrize("values", [(0.07, 0.09, 0.20), (0.01, 0.09, 0.12, -0.02), (0.06, 0.09, 0.13)])
def test_the_seeds_that_are_named_would_decide(values, looks):
    """As many as said, with the same mean and spread, have a verdict; one fewer have not."""
    one = difference(*values)
    (found,) = verdicts([one], looks=looks)
    if found.verdict != UNDECIDED:
        assert found.seeds_to_decide is None
        return
    assert found.seeds_to_decide > len(values)

    def prolonged(n):
        shape = np.array([1.0, -1.0] + [0.0] * (n - 2))
        return difference(*(one.mean + one.sd * shape / shape.std(ddof=1)))

    assert verdicts([prolonged(found.seeds_to_decide)], looks=looks)[0].verdict == BETTER
    if found.seeds_to_decide - 1 > len(values):
        assert verdicts([prolonged(found.seeds_to_decide - 1)], looks=looks)[0].verdict == UNDECIDED


def test_no_seeds_are_named_where_they_are_run_already_or_would_not_help():
    open_by_holm, unclear = verdicts([BARELY, UNCLEAR])
    assert open_by_holm.seeds_to_decide is None
    assert unclear.seeds_to_decide > 3
    assert verdicts([difference(0.1, 0.1, 0.1)])[0].seeds_to_decide is None
    assert verdicts([CLEAR])[0].seeds_to_decide is None


@pytest.mark.parametrize(("looks", "most"), [(None, 10_000), ((3, 10), 200), ((3, 300), 300)])
@pytest.mark.parametrize("mean", [0.0, 1e-4])
def test_where_no_number_of_seeds_would_decide_it_is_told_how_many_were_tried(mean, looks, most):
    (found,) = verdicts([difference(mean - 0.1, mean, mean + 0.1)], looks=looks)
    assert (found.verdict, found.seeds_to_decide, found.open_up_to) == (UNDECIDED, None, most)
    others = verdicts([BARELY, UNCLEAR, difference(0.1, 0.1, 0.1), difference(0.1)])
    assert [one.open_up_to for one in others] == [None] * 4


def test_no_verdict_contradicts_the_interval_that_is_shown():
    undecided = difference(-0.01, 0.09, 0.13)
    assert t_p_value(undecided) < 0.5
    assert verdicts([undecided], alpha=0.5)[0].verdict == UNDECIDED


def test_a_verdict_takes_less_than_alpha():
    p = t_p_value(CLEAR)
    assert verdicts([CLEAR], alpha=p)[0].verdict == UNDECIDED
    assert verdicts([CLEAR], alpha=np.nextafter(p, 1))[0].verdict == BETTER
