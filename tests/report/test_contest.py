"""Winners are named by tests, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from bench.report.contest import _less_spread_p, best_mean, best_rate, least_count, least_spread
from bench.statistics import sign_flip_p


def seeds(*values):
    return dict(enumerate(values))


A, B, C = seeds(0.60, 0.63, 0.57), seeds(0.50, 0.52, 0.48), seeds(0.59, 0.64, 0.56)


def test_a_clear_best_is_named_and_the_way_matters():
    assert best_mean({"a": A, "b": B}, ()).names == ("a",)
    assert best_mean({"a": A, "b": B}, (), high=False).names == ("b",)


def test_it_must_beat_each_of_the_others():
    found = best_mean({"a": A, "b": B, "c": C}, ())
    assert found.names == ()
    assert found.why == "a has the highest, but is not shown to beat c (paired t, Holm)"


def test_one_alone_and_none_at_all_are_no_contest():
    assert best_mean({"a": A}, ()).why == "measured on one strategy alone"
    assert best_mean({"a": {}}, ()).why == "not on record"


def test_what_shares_no_seed_is_not_beaten():
    assert best_mean({"a": A, "b": {7: 0.1, 8: 0.2}}, ()).names == ()


def test_differences_without_any_spread_show_nothing():
    assert best_mean({"a": seeds(0.6, 0.6, 0.6), "b": seeds(0.5, 0.5, 0.5)}, ()).names == ()


def test_looks_are_paid_for():
    a, b = seeds(0.55, 0.59, 0.52), seeds(0.50, 0.52, 0.48)
    assert best_mean({"a": a, "b": b}, ()).names == ("a",)
    assert best_mean({"a": a, "b": b}, (), looks=(2, 9)).names == ()
    assert best_rate({"a": seeds(*[True] * 6), "b": seeds(*[False] * 6)}).names == ("a",)
    assert best_rate({"a": seeds(*[True] * 6), "b": seeds(*[False] * 6)}, looks=(2, 31)).names == ()
    calm, wild = seeds(*[0.50, 0.55, 0.45, 0.51] * 2), seeds(*[0.1, 0.9, 0.8, 0.3] * 2)
    assert least_spread({"a": calm, "b": wild}, ()).names == ("a",)
    assert least_spread({"a": calm, "b": wild}, (), looks=(2, 400)).names == ()


def test_many_others_make_it_harder():
    a, others = seeds(0.55, 0.59, 0.52), {f"b{i}": seeds(0.50, 0.52, 0.48 + i / 1e4) for i in range(9)}
    assert best_mean({"a": a, "b0": others["b0"]}, ()).names == ("a",)
    assert best_mean({"a": a, **others}, ()).names == ()


def test_who_lost_runs_is_not_named():
    assert best_mean({"a": A, "b": B}, {"b"}).names == ("a",)
    found = best_mean({"a": A, "b": B}, {"a"})
    assert found.names == ()
    assert found.why.endswith("but lost runs")


def test_rates_are_compared_seed_by_seed():
    yes, no = seeds(*[True] * 9), seeds(*[False] * 9)
    assert best_rate({"a": yes, "b": no}).names == ("a",)
    assert best_rate({"a": seeds(True, True), "b": seeds(False, False)}).names == ()
    assert best_rate({"a": yes, "b": yes, "c": no}).why == "a, b tie for the highest"
    assert best_rate({"a": yes, "b": {}}).why == "measured on one strategy alone"
    assert best_rate({"a": yes, "b": {seed + 9: False for seed in range(9)}}).names == ()
    # Five seeds that differ are five coins; as two groups of nine and nine runs they would be more (Boschloo: 0.01).
    assert best_rate({"a": yes, "b": seeds(*[True] * 4, *[False] * 5)}).names == ()


def test_counts_tie():
    assert least_count({"a": 1, "b": 2}).names == ("a",)
    assert least_count({"a": 1, "b": 1, "c": 2}).names == ("a", "b")
    assert least_count({"a": 1, "b": 1}).names == ()


def test_the_test_of_spreads_is_of_distances_from_the_median():
    x, y = seeds(0.50, 0.52, 0.47, 0.51, 0.49, 0.53), seeds(0.1, 0.9, 0.8, 0.3, 0.2, 0.6)
    middle = np.median(list(x.values())), np.median(list(y.values()))
    apart = [abs(y[seed] - middle[1]) - abs(x[seed] - middle[0]) for seed in x]
    assert _less_spread_p(x, y) == sign_flip_p(apart) == 2 / 2**6
    assert _less_spread_p(y, x) == 1.0
    assert _less_spread_p(x, {9: 0.5}) == 1.0


@pytest.mark.parametrize("collapses", [0.0, 0.1])
@pytest.mark.parametrize("n", [6, 10])
def test_the_test_of_spreads_keeps_its_level_where_runs_collapse_too(n, collapses):
    rng = np.random.default_rng(0)

    def figures():
        return seeds(*np.where(rng.random(n) < collapses, 0.0, 0.5 + 0.02 * rng.normal(size=n)))

    found = [_less_spread_p(figures(), figures()) <= 0.05 for _ in range(1500)]
    assert np.mean(found) < 0.045  # one side of two: half of 5 %, and what the median costs


@pytest.mark.parametrize("draw", ["collapses", "lognormal"])
def test_the_least_spread_is_seldom_named_of_two_that_are_alike_and_skewed(draw):
    rng, n = np.random.default_rng(0), 8

    def figures():
        if draw == "lognormal":
            return seeds(*rng.lognormal(size=n))
        return seeds(*np.where(rng.random(n) < 0.2, 0.0, 0.5 + 0.02 * rng.normal(size=n)))

    named = [bool(least_spread({"a": figures(), "b": figures()}, ()).names) for _ in range(1500)]
    assert 0 < np.mean(named) <= 0.05  # without doubling: 7 and 8 %


def test_no_spread_at_all_wins_nothing():
    """A strategy that always ends at 0 is no model of stability."""
    assert least_spread({"dead": seeds(0.0, 0.0, 0.0), "alive": seeds(0.5, 0.6, 0.7)}, ()).names == ()


def test_the_least_spread_is_named_where_it_is_shown():
    rng = np.random.default_rng(1)
    calm, wild = seeds(*rng.normal(0, 0.01, 8)), seeds(*rng.normal(0, 1, 8))
    assert least_spread({"calm": calm, "wild": wild}, ()).names == ("calm",)
