"""Which strategy is recommended, and what that may be said on."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

import datasets
import strategies
from bench.cli import app
from bench.commands.recommend import _first_runs, _rates, _tell
from bench.commands.wanted import Wanted
from bench.errors import UserError
from bench.execution.slots import Throughput
from bench.manifest import read_manifest
from bench.recommend import MOST_SEEDS, Rounds, affordable, in_the_running, outcome_of, read_budget, standings
from bench.recommend.text import words
from bench.records import RunFolder
from bench.settings import DEFAULTS
from bench.study import Run, arms_of
from tests.devices import DEVICE
from tests.models import SMALL
from tests.report.reading import table
from tests.report.samples import record

L2, COSINE, STEP = ("l2", None), ("cosine", "paper"), ("step", "paper")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400)])
def test_budgets(text, seconds):
    assert read_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "0m", "m", "-5m", "1d", "30m2h", "1.5h"])
def test_what_is_no_budget(text):
    with pytest.raises(UserError, match="give a time"):
        read_budget(text)


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (2 * 13 * 100, (13, 100)),
        (10_000, (13, 100)),  # more than enough
        (2 * 13 * 40, (13, 40)),
        (2 * 13 * 10, (13, 10)),
        (2 * 5 * 10, (5, 10)),
        (2 * 2 * 10, (2, 10)),
    ],
)
def test_two_seeds_fit_the_budget(budget, expected):
    candidates, epochs = affordable(budget, 1.0, 13, 100)
    assert (candidates, epochs) == expected
    assert 2 * candidates * epochs <= budget


def test_a_budget_that_is_too_small_says_what_would_do():
    with pytest.raises(UserError, match="take about 20 minutes"):
        affordable(600, 30.0, 13, 100)


def figures(**by_name):
    keys = {"l2": L2, "cosine": COSINE, "step": STEP}
    return {keys[name]: dict(enumerate(values)) for name, values in by_name.items()}


def row_of(said, name):
    """Return a strategy's row of the table."""
    (row,) = [row for row in table("\n".join(said), "minus the best [95 %]") if row["strategy"] == name]
    return row


def test_what_is_clearly_behind_gets_no_more_seeds():
    found = figures(l2=[0.50, 0.52], cosine=[0.51, 0.525], step=[0.30, 0.32001])
    assert in_the_running(standings(found)) == [COSINE, L2]
    # One seed tells nothing, and neither do two that are far apart.
    assert set(in_the_running(standings(figures(l2=[0.5], step=[0.1])))) == {L2, STEP}
    assert set(in_the_running(standings(figures(l2=[0.5, 0.5], step=[0.1, 0.4])))) == {L2, STEP}


def test_the_best_is_taken_over_the_seeds_that_all_have():
    """One that has a seed less, since the round was broken off, is not behind for it."""
    rng = np.random.default_rng(0)
    found = figures(l2=rng.normal(0.6, 0.01, 5), cosine=rng.normal(0.8, 0.01, 4))
    best, other = standings(found)
    assert (best.key, best.difference, other.difference.n) == (COSINE, None, 4)
    assert standings({L2: {0: 0.5}, COSINE: {1: 0.6, 2: 0.4}})[0].key == COSINE  # no seed in common: the most seeds


def test_who_was_dropped_does_not_hold_up_the_choice():
    """Over the two seeds that all have, cosine is ahead; over those of the two that are left, l2 is."""
    found = figures(l2=[0.598, 0.597, *[0.59] * 6], cosine=[0.600, 0.601, *[0.52] * 6], step=[0.2, 0.2])
    assert [one.key for one in standings(found)] == [L2, COSINE, STEP]


def test_who_was_dropped_a_round_ago_does_not_either():
    """It has one seed less, as whose round was broken off; over the two seeds that it has, cosine is ahead."""
    found = figures(l2=[0.598, 0.597, 0.59], cosine=[0.600, 0.601, 0.52], step=[0.2, 0.2011])
    assert standings(found, dropped={STEP: 2})[0].key == L2
    assert standings(found)[0].key == COSINE  # where it was broken off


@pytest.mark.parametrize(
    ("lost", "told"),
    [({}, "the other is"), ({STEP: ["failed"]}, "the other without a lost run is")],
)
def test_one_that_is_behind_is_one(lost, told):
    rng = np.random.default_rng(0)
    found = {key: dict(enumerate(rng.normal(ap, 0.01, 10))) for key, ap in ((L2, 0.6), (COSINE, 0.2))}
    if lost:
        found[STEP] = {0: 0.9, 1: 0.1}
    said = words(standings(found, lost), found, {}, lost)
    assert f"Sure at 95 %: {told} behind, all of them looked at together." in said


def test_who_lost_a_run_is_not_recommended_and_not_said_to_be_behind():
    rng = np.random.default_rng(0)
    found = {L2: dict(enumerate(rng.normal(0.6, 0.01, 10))), COSINE: dict(enumerate(rng.normal(0.8, 0.01, 10)))}
    del found[COSINE][1]
    lost = {COSINE: ["diverged"]}
    said = words(standings(found, lost), found, {}, lost)
    assert said[0].startswith("Use l2: ")
    assert not any("Sure" in line for line in said)
    assert "Not shown to be behind, and not recommended, since runs were lost: cosine (paper)." in said
    assert "Lost: 1 of 10 runs of cosine (paper) (diverged)." in said
    row = row_of(said, "cosine (paper)")
    assert (row["seeds"], row["verdict"]) == ("9", "better")
    all_lost = {key: ["failed"] for key in found}
    assert standings(found, all_lost)[0].key == COSINE  # nobody else has a figure


def test_who_is_ahead_on_few_seeds_is_said_to_be_ahead_and_not_undecided():
    rng = np.random.default_rng(0)
    found = {
        L2: dict(enumerate(rng.normal(0.6, 0.01, 10))),
        COSINE: dict(enumerate(rng.normal(0.8, 0.01, 7))),
        STEP: dict(enumerate(rng.normal(0.6, 0.01, 10))),
    }
    said = words(standings(found), found, {COSINE: 7}, {})
    assert said[0].startswith("Use ")
    assert not said[0].startswith("Use cosine")
    assert row_of(said, "cosine (paper)")["verdict"].startswith("better")
    assert "Ahead on the seeds that both have, and not recommended on so few: cosine (paper) (7 seeds)." in said
    (open_,) = (line for line in said if line.startswith("Not settled (UNDECIDED) against 1 of 2: "))
    assert "cosine" not in open_


def test_a_run_counts_by_its_figure_or_as_lost_and_one_that_goes_on_not_at_all():
    records = [
        *(record("l2", seed, 0.5 + seed / 10) for seed in range(2)),
        record("l2", 2, math.nan),
        record("cosine", 0, form="paper", status="diverged"),
        record("cosine", 1, form="paper", status="failed"),
        record("step", 0, form="paper", status="running"),
    ]
    assert outcome_of(records) == ({L2: {0: 0.5, 1: 0.6}}, {COSINE: ["diverged", "failed"]})


def test_the_table_shows_a_strategy_as_it_is_written():
    key = ("static[alpha=0.5]", "paper")
    found = {key: {0: 0.5, 1: 0.52}, L2: {0: 0.4, 1: 0.43}}
    said = words(standings(found), found, {}, {})
    assert row_of(said, "static[alpha=0.5] (paper)")["verdict"] == "best"
    assert re.fullmatch(r"-0\.095 \[-0\.\d+, -?\+?0\.\d+\]", row_of(said, "l2")["minus the best [95 %]"])


def test_a_strategy_without_any_figure_is_named():
    found, lost = figures(l2=[0.5, 0.6], cosine=[0.3, 0.4]), {STEP: ["diverged", "failed"]}
    assert "Lost: 2 of 2 runs of step (paper) (diverged, failed)." in words(standings(found), found, {STEP: 2}, lost)


def test_with_no_effect_a_strategy_is_seldom_said_to_be_behind():
    """The best of K is picked by its figures, and that must not pass for evidence."""
    rng, wrong = np.random.default_rng(5), 0
    for _ in range(250):
        found = {(f"s{k}", None): dict(enumerate(rng.normal(0.5, 0.02, 5))) for k in range(6)}
        wrong += any(one.verdict.verdict == "worse" for one in standings(found)[1:])
    assert wrong / 250 < 0.05


def test_a_large_effect_is_found():
    rng = np.random.default_rng(6)
    found = figures(l2=rng.normal(0.5, 0.01, 8), cosine=rng.normal(0.7, 0.01, 8))
    best, other = standings(found)
    assert (best.key, other.verdict.verdict) == (COSINE, "worse")
    assert "Sure at 95 %" in words([best, other], found, {}, {})[1]


def run(key):
    name, form = key
    data = {"name": "d", "fingerprint": "f", "vertices": 4}
    return Run(strategies.build(name), form, data, 0, "yolo11n-polygon.yaml", {**DEFAULTS, "epochs": 10})


@pytest.fixture
def make_rounds():
    """Return rounds over strategies whose figures are drawn once, and a clock."""
    clock = {"left": 1000.0}

    def made(cost, spread=0.01, **means):
        by_key = {{"l2": L2, "cosine": COSINE, "step": STEP}[name]: mean for name, mean in means.items()}
        drawn = np.random.default_rng(0).normal(size=(MOST_SEEDS, len(by_key)))

        def read(done):
            found = {}
            for one in done:
                key = (one.label, one.form)
                noise = drawn[one.seed, [*by_key].index(key)]
                found.setdefault(key, {})[one.seed] = by_key[key] + spread * noise + 0.05 * one.seed
            return found

        return Rounds({key: run(key) for key in by_key}, read, lambda done: cost, lambda: clock["left"])

    return made, clock


def follow_to_the_end(follow, clock=None, cost=0.0, lost=()):
    """Return the rounds as (seed, labels), and what is done."""
    done, rounds, gone = [], [], []
    more = list(follow.templates.values())
    while more:
        rounds.append((more[0].seed, {one.label for one in more}))
        assert len({one.seed for one in more}) == 1
        for one in more:
            (gone if (one.label, one.seed) in lost else done).append(one)
        if clock:
            clock["left"] -= cost * len(more)
        more = follow(done, gone)
    return rounds[1:], done


def test_rounds_go_on_with_who_is_left_until_the_time_is_over(make_rounds):
    make, clock = make_rounds
    follow = make(50.0, l2=0.50, cosine=0.501, step=0.2)
    seeds, _ = follow_to_the_end(follow, clock, 50.0)
    assert clock["left"] >= 0
    assert seeds[0] == (1, {"l2", "cosine", "step"})
    assert follow.dropped[STEP] <= 4
    assert "step" not in seeds[-1][1]
    assert len(seeds) + 1 <= MOST_SEEDS


def test_what_was_dropped_comes_back_until_it_is_behind_beyond_doubt(make_rounds):
    """With one left, time that is over goes to who was dropped early: by its own interval, which is no verdict."""
    follow = make_rounds[0](0.0, l2=0.50, cosine=0.53)
    _, done = follow_to_the_end(follow)
    best, other = standings(follow.figures(done))
    assert (best.key, other.verdict.verdict) == (COSINE, "worse")
    assert not in_the_running(standings(follow.figures([one for one in done if one.seed < 3])))[1:]  # dropped, not told
    assert standings(follow.figures([one for one in done if one.seed < 3]))[1].verdict.verdict == "UNDECIDED"
    assert follow.figures(done)[L2].keys() > {0, 1, 2}


def test_who_is_back_is_no_longer_said_to_be_left_out(make_rounds):
    """step is dropped against cosine, which then loses a run and is not recommended any more."""
    follow = make_rounds[0](0.0, l2=0.50, cosine=0.53, step=0.50)
    _, done = follow_to_the_end(follow, lost={("cosine", 4)})
    assert len(follow.figures(done)[STEP]) > 5
    assert follow.dropped.keys() <= {COSINE}


def test_a_seed_that_was_lost_is_not_tried_again_and_the_next_one_is(make_rounds):
    follow = make_rounds[0](0.0, l2=0.5, cosine=0.5)
    seeds, _ = follow_to_the_end(follow, lost={("l2", 1), ("cosine", 1)})
    assert [seed for seed, _ in seeds] == list(range(1, MOST_SEEDS))


def test_a_strategy_that_loses_its_first_seed_gets_another(make_rounds):
    follow = make_rounds[0](0.0, l2=0.5, cosine=0.5, step=0.5)
    seeds, done = follow_to_the_end(follow, lost={("step", 0)})
    assert seeds[0] == (1, {"l2", "cosine", "step"})
    assert STEP in follow.figures(done)
    assert STEP not in follow.dropped
    follow = make_rounds[0](0.0, l2=0.5, cosine=0.5, step=0.5)
    seeds, _ = follow_to_the_end(follow, lost={("step", 0), ("step", 1)})
    assert seeds[1] == (2, {"l2", "cosine"})
    assert follow.dropped[STEP] == 2


def test_no_round_is_begun_that_would_not_fit(make_rounds):
    make, clock = make_rounds
    clock["left"] = 100.0
    assert make(34.0, l2=0.5, cosine=0.5, step=0.5)([run(L2), run(COSINE), run(STEP)], ()) == []


def test_no_run_at_all_is_no_round(make_rounds):
    assert make_rounds[0](1.0, l2=0.5, cosine=0.5)([], ()) == []


def test_words_say_where_too_many_seeds_would_settle_it():
    found = figures(l2=[0.5, 0.52, 0.48], cosine=[0.6, 0.42, 0.4801])
    said = words(standings(found), found, {}, {})
    assert "The nearest open difference would take over 200 seeds, the last over 200." in said


def test_words_say_what_is_not_settled():
    found = figures(l2=[0.50, 0.52], cosine=[0.51, 0.54], step=[0.2])
    said = words(standings(found), found, {STEP: 1}, {})
    assert said[0] == "Use cosine (paper): mAP50-95 0.525 over 2 seeds."
    assert said[1] == "Not settled (UNDECIDED) against 2 of 2: l2, step (paper)."
    assert "not shown to be better than l2" in said[2]
    assert [*row_of(said, "step (paper)").values()] == [
        "step (paper)", "1", "0.200", "-0.310", "UNDECIDED, left out after seed 0",
    ]  # fmt: skip
    assert [*row_of(said, "cosine (paper)").values()] == ["cosine (paper)", "2", "0.525", "", "best"]
    assert said[-1].startswith("An interval stands for itself")


@pytest.mark.parametrize(
    "other",
    [
        {"settings": {**DEFAULTS, "epochs": 10, "imgsz": 64}},
        {"settings": {**DEFAULTS, "epochs": 10, "amp": True}},
        {"model": "yolov8n-polygon.yaml"},
        {"data": {"name": "d", "fingerprint": "f", "vertices": 8}},
        {"replicate": 1},
    ],
)
def test_runs_of_another_command_in_the_same_folder_say_nothing(tmp_path, capsys, other):
    templates = {key: run(key) for key in (L2, COSINE)}
    for seed in range(2):
        for key, ap in ((L2, 0.5), (COSINE, 0.6)):
            keep(tmp_path, replace(templates[key], seed=seed), ap + 0.01 * seed)
        keep(tmp_path, replace(templates[L2], seed=seed, **other), 0.9)  # it would be read last, or first
    keep(tmp_path, replace(templates[L2], seed=5, **other), 0.9)
    _tell(tmp_path, Rounds(templates, dict, len, float), 60.0)
    said = capsys.readouterr().out
    assert said.startswith("Use cosine (paper): mAP50-95 0.605 over 2 seeds.")
    row = row_of(said.splitlines(), "l2")
    assert (row["seeds"], row["mAP50-95"]) == ("2", "0.505")


def keep(folder, one, ap):
    made = record(one.label, one.seed, ap, one.form)
    RunFolder(folder / one.id).write(dataclasses.replace(made, id=one.id, identity=one.identity))


def test_a_budget_from_end_to_end_and_the_same_again(small_folder, tmp_path, monkeypatch):
    rates = [Throughput(1, 60.0, 0.1), Throughput(2, 75.0, 0.2)]  # of 12 images: 0.2 s an epoch
    monkeypatch.setattr("bench.commands.recommend._rates", lambda *words: rates)
    command = [
        "recommend", "--data", str(small_folder), "--budget", "1h", "--strategy", "l2", "--strategy", "cosine",
        "--set", "epochs=2", "--set", "imgsz=32", "--set", "batch=4", "--out", str(tmp_path), "--device", DEVICE,
        "--precision", "fp32", "--model", SMALL,
    ]  # fmt: skip
    for module in ("bench.recommend", "bench.recommend.rounds"):
        monkeypatch.setattr(f"{module}.MOST_SEEDS", 2)
    first = CliRunner().invoke(app, command, catch_exceptions=False)
    assert first.exit_code == 0
    assert first.stdout.startswith("Use ")
    assert "over 2 seeds" in first.stdout
    (study,) = tmp_path.iterdir()
    written = {path: path.stat().st_mtime_ns for path in study.glob("*/run.json")}
    assert len(written) == 4
    again = CliRunner().invoke(app, command, catch_exceptions=False)
    assert again.stdout == first.stdout
    assert written == {path: path.stat().st_mtime_ns for path in study.glob("*/run.json")}
    assert read_manifest(study).looks == (2, 2)


def test_a_step_that_does_not_fit_the_device_is_said_and_is_no_budget_too_small(monkeypatch):
    monkeypatch.setattr("bench.execution.slots.measure", lambda *words, **more: [])
    asked = SimpleNamespace(arms=[1, 2], model="yolo11n-polygon.yaml", settings=DEFAULTS)
    with pytest.raises(UserError, match="no training step can be taken with batch=16 at imgsz=96; give a smaller"):
        _rates(asked, "fp32", "0")


def test_a_larger_budget_goes_on_with_the_strategies_and_epochs_of_the_first(tmp_path, small_folder):
    def asked(*names, epochs=100):
        arms = arms_of([strategies.build(name) for name in names], ("paper",))
        data = {"small": datasets.load(small_folder)}
        return Wanted(arms, data, 1, None, "yolo11n-polygon.yaml", None, {**DEFAULTS, "epochs": epochs}, False, None)

    begun = asked("l2", "cosine", epochs=10).runs("fp32")
    for one in begun:
        keep(tmp_path, one, 0.5)
    found = _first_runs(asked("l2", "cosine", "step"), "fp32", tmp_path)
    assert {one.id for one in found} == {one.id for one in begun}
    assert _first_runs(asked("l2", "cosine", "step"), "bf16", tmp_path) == []


def test_where_no_run_comes_to_its_end_the_exit_code_is_1(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        _tell(tmp_path, Rounds({}, dict, len, float), 60.0)
    assert ended.value.code == 1
    assert "no run came to its end" in capsys.readouterr().err
