"""Which runs are one training for a while: the plan is a tree that leaves nothing out and trains nothing twice."""

from __future__ import annotations

import dataclasses

import pytest

import datasets
import strategies
from bench.plan_text import plan_text
from bench.settings import DEFAULTS
from bench.sharing import Start, alone, share
from bench.study import Run, arms_of, plan, replicates
from bench.suites import arms_of_suite


@pytest.fixture(scope="module")
def data():
    return datasets.load("documents")


def planned(data, texts, forms=("paper",), seeds=(0,), epochs=100) -> list[Run]:
    chosen = [one for text in texts for one in strategies.parse(text)]
    return made(data, arms_of(chosen, forms), seeds, epochs)


def made(data, arms, seeds=(0,), epochs=100) -> list[Run]:
    return plan(arms, seeds, data, None, "yolo11n-polygon.yaml", {**DEFAULTS, "epochs": epochs})


def names(runs) -> list[str]:
    return [f"{run.label}{f' ({run.form})' if run.form == 'centred' else ''}" for run in runs]


def path_of(run, segments):
    return [one for root in segments for one in root.all() if run.id in {other.id for other in one.runs}]


@pytest.mark.parametrize("epochs", [1, 2, 3, 8, 20, 100])
@pytest.mark.parametrize("suite", ["core", "claims"])
def test_every_run_is_trained_from_its_first_epoch_to_its_last_and_never_twice(data, suite, epochs):
    runs = made(data, arms_of_suite(suite, ("paper", "centred")), (0, 1), epochs)
    segments = share(runs)
    for run in runs:
        path = path_of(run, segments)
        assert path[0].first == 0
        assert [one.until for one in path[:-1]] == [one.first for one in path[1:]]
        assert path[-1].until == epochs
        assert path[-1].then == ()
    assert sum(one.epochs for one in segments) <= sum(one.epochs_alone for one in segments) == epochs * len(runs)
    for root in segments:
        for one in root.all():
            assert {run.id for run in one.runs} == {run.id for nxt in one.then for run in nxt.runs} or not one.then
            assert len({run.seed for run in one.runs}) == 1


def test_every_strategy_shares_only_what_it_gives_the_same_weights(data):
    """Held to the weights themselves, over every registered strategy."""
    runs = planned(data, strategies.names(), ("paper", "centred"))
    for root in share(runs):
        for one in root.all():
            courses = {tuple(strategies.open_loop_prefix(run.strategy, 100)[one.first : one.until]) for run in one.runs}
            if len(one.runs) > 1:
                (course,) = courses
                assert len(course) == one.until - one.first
                assert len({run.form for run in one.runs}) == 1 or all(w_mgiou == 0 for _, w_mgiou in course)


def test_l2_carries_the_first_stages_of_all_two_stage_runs_in_both_forms(data):
    runs = planned(data, ["l2", "two-stage-50", "two-stage-70", "two-stage-90"], ("paper", "centred"))
    (root,) = share(runs)
    assert len(root.runs) == 7
    assert (root.first, root.until) == (0, 50)
    assert root.epochs == 100 + 2 * (50 + 30 + 10)
    assert root.epochs_alone == 700


def test_runs_that_never_part_are_trained_once(data):
    """With the centred form, being rescued by MGIoU is to be left alone with it."""
    (root,) = share(planned(data, ["mgiou-centred", "rescue[by=mgiou]"], ("centred",)))
    assert (root.until, root.then) == (100, ())
    assert root.epochs == 100


def test_a_restart_parts_what_a_plain_switch_does_not(data):
    (root,) = share(planned(data, ["two-stage-70", "two-stage-70-restart"]))
    assert root.until == 70
    assert names(root.then[0].runs) == ["two-stage-70"]
    assert names(root.then[1].runs) == ["two-stage-70-restart"]


@pytest.mark.parametrize("text", ["adaptive", "cosine[normalization=gradient]", "cosine[normalization=loss-ema]"])
def test_what_follows_its_run_shares_nothing(data, text):
    runs = planned(data, [text, "rescue[by=cosine]", f"rescue[by={text}]"])
    segments = share(runs)
    assert len(segments) == 2
    assert segments[1].until == 30  # until then it does not


def test_an_epoch_or_two_in_common_are_not_worth_a_snapshot(data):
    assert [names(one.runs) for one in share(planned(data, ["l2", "linear", "cosine"]))] == [
        ["l2"],
        ["linear"],
        ["cosine"],
    ]


def test_other_seeds_settings_and_replicates_are_other_trainings(data):
    runs = planned(data, ["l2", "two-stage-50"], seeds=(0, 1))
    assert len(share(runs)) == 2
    again = replicates(planned(data, ["l2"]))
    assert len(share([*planned(data, ["l2", "two-stage-50"]), *again])) == 2
    slower = [dataclasses.replace(run, settings={**run.settings, "lr0": 0.1}) for run in runs]
    assert len(share([*runs, *slower])) == 4


def test_the_order_of_the_runs_is_kept(data):
    runs = planned(data, ["adaptive", "l2", "mgiou", "two-stage-50"], seeds=(0, 1))
    assert [one.runs[0].id for one in share(runs)] == [runs[i].id for i in (0, 1, 2, 4, 5, 6)]


def test_those_that_have_come_as_far_together_go_on_together(data):
    runs = planned(data, ["l2", "two-stage-50", "two-stage-70", "two-stage-90"])
    l2, two_50, two_70, two_90 = (run.id for run in runs)
    together = {a: Start(20, dict.fromkeys({l2, two_70, two_90} - {a}, 20)) for a in (l2, two_70, two_90)}
    first, second = share(runs, {**together, two_50: Start(20, {})})
    assert names(first.runs) == ["l2", "two-stage-70", "two-stage-90"]
    assert (first.first, first.until) == (20, 70)
    assert names(second.runs) == ["two-stage-50"]
    assert (second.first, second.until) == (20, 100)


def test_where_a_tree_is_broken_off_the_rest_of_it_grows_again(data):
    """After any segment, planning anew from what its runs have behind them gives what would have followed."""
    runs = planned(data, [name for name in strategies.names(core=True)], ("paper", "centred"))
    for root in share(runs):
        for one in root.all():
            if one.then:
                ids = [run.id for run in one.runs]
                starts = {a: Start(one.until, {b: one.until for b in ids if b != a}) for a in ids}
                assert share(list(one.runs), starts) == list(one.then)


def test_alone_is_the_whole_run(data):
    (run,) = planned(data, ["l2"])
    assert (alone(run, Start(3)).first, alone(run, Start(3)).until) == (3, 100)


def test_the_plan_is_shown_once_for_all_seeds_and_says_what_it_saves(data):
    runs = planned(data, ["l2", "two-stage-50", "cosine"], seeds=(0, 1, 2))
    assert plan_text(share(runs), len(runs) + 2) == (
        "documents, yolo11n-polygon.yaml, 100 epochs at 96 px; each of seeds 0–2:\n"
        "  1-50     l2, two-stage-50 (paper)\n"
        "    51-100   l2\n"
        "    51-100   two-stage-50 (paper)\n"
        "  1-100    cosine (paper)\n"
        "\n"
        "9 runs to train, 2 more are done: 750 epochs; sharing saves 150 of 900, 17%"
    )
    assert plan_text([], 4) == "4 runs: all are done"
