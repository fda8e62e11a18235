"""Controls: planned from recorded runs, for every strategy whose weights vary."""

from __future__ import annotations

import numpy as np
import pytest

import datasets
import strategies
from bench.follow_up.controls import control_runs
from bench.records import RunFolder
from bench.settings import DEFAULTS
from bench.study import Run, arms_of, plan, replicates
from bench.suites import SUITES, arms_of_suite

EPOCHS = 10


@pytest.fixture(scope="module")
def runs():
    every = [strategies.build(name) for name in strategies.names(core=True)]
    settings = {**DEFAULTS, "epochs": EPOCHS}
    data = datasets.load("documents")
    return plan(arms_of(every, ("paper",)), range(3), data, None, "yolo11n-polygon.yaml", settings)


@pytest.fixture
def folder(runs, tmp_path):
    """Return a folder with a history of every run: weights that no other run has."""
    for number, run in enumerate(runs):
        rows = [{"epoch": e + 1, "w_l2": 0.1 + 0.01 * number + e / 10, "w_mgiou": 0.5 - e / 20} for e in range(EPOCHS)]
        RunFolder(tmp_path / run.id).write_history(rows)
    return tmp_path


def played(run: Run):
    return strategies.open_loop_weights(run.strategy, EPOCHS)


def of(planned, name, label, seed):
    (run,) = [
        one
        for one in planned
        if one.strategy.name == name and one.strategy.parameters()["of"] == label and one.seed == seed
    ]
    return run


def test_every_strategy_whose_weights_vary_has_its_controls_on_every_seed(runs, folder):
    planned = control_runs(runs, folder)
    varying = {"linear", "cosine", "step", "exponential", "two-stage-50", "two-stage-70", "two-stage-90",
               "two-stage-70-restart", "adaptive"}  # fmt: skip
    for name in ("control-average", "control-shuffle"):
        found = {(run.strategy.parameters()["of"], run.seed) for run in planned if run.strategy.name == name}
        assert found == {(label, seed) for label in varying for seed in range(3)}
    replayed = {run.strategy.parameters()["of"] for run in planned if run.strategy.name == "control-replay"}
    assert replayed == {"adaptive"}, "one that does not follow its run would only repeat itself"


def test_weights_that_could_vary_and_have_not_call_for_no_control(runs, folder):
    (own, other) = (run for run in runs if run.label == "adaptive" and run.seed in (0, 1))
    rows = [{"epoch": e + 1, "w_l2": 0.3, "w_mgiou": 0.7} for e in range(EPOCHS)]
    RunFolder(folder / own.id).write_history(rows)
    planned = [run for run in control_runs([own, other], folder)]
    found = sorted((run.strategy.name, run.seed) for run in planned)
    assert found == [("control-average", 1), ("control-replay", 0), ("control-replay", 1), ("control-shuffle", 1)]
    RunFolder(folder / other.id).write_history(rows)
    assert control_runs([own, other], folder) == []


def test_they_play_what_was_recorded(runs, folder):
    planned = control_runs(runs, folder)
    own = {}
    for run in runs:
        history = RunFolder(folder / run.id).read_history()
        own[run.label, run.seed] = list(zip(history["w_l2"], history["w_mgiou"], strict=True))
    averaged = played(of(planned, "control-average", "cosine", 1))
    np.testing.assert_allclose(averaged, [np.mean(own["cosine", 1], axis=0)] * EPOCHS)
    shuffled = played(of(planned, "control-shuffle", "cosine", 1))
    assert sorted(shuffled) == sorted(own["cosine", 1])
    assert shuffled != own["cosine", 1]
    for seed, donor in ((0, 1), (1, 0), (2, 1)):
        assert played(of(planned, "control-replay", "adaptive", seed)) == own["adaptive", donor]


def test_a_control_is_paired_with_its_strategy_in_all_but_the_weights(runs, folder):
    by_id = {(run.label, run.seed): run for run in runs}
    for control in control_runs(runs, folder):
        label = control.strategy.parameters()["of"]
        original = by_id[label, control.seed]
        for fact in ("form", "data", "seed", "model", "settings"):
            assert getattr(control, fact) == getattr(original, fact)
        assert control.strategy.stages() == original.strategy.stages()


def test_a_control_of_another_seed_is_the_same_strategy_with_other_data(runs, folder):
    planned = control_runs(runs, folder)
    first, second = (of(planned, "control-average", "cosine", seed) for seed in (0, 1))
    one, other = (run.identity["strategy"] for run in (first, second))
    assert one["parameters"] == other["parameters"]
    assert one["drawn"] != other["drawn"]
    assert first.id != second.id


def test_a_run_without_a_whole_history_has_no_controls(runs, folder):
    (cosine,) = [run for run in runs if run.label == "cosine" and run.seed == 0]
    (folder / cosine.id / "history.csv").write_text("w_l2,w_mgiou\n1.0,\n")
    planned = control_runs(runs, folder)
    assert not [run for run in planned if run.strategy.parameters()["of"] == "cosine" and run.seed == 0]


def test_controls_have_no_controls_and_a_seed_added_later_changes_none(runs, folder):
    planned = control_runs(runs, folder)
    assert {run.id for run in control_runs([*runs, *planned], folder)} == {run.id for run in planned}
    fewer = control_runs([run for run in runs if run.seed < 2], folder)
    assert {run.id for run in fewer} <= {run.id for run in planned}


def test_a_replicate_is_another_run_of_the_same(runs):
    again = replicates(runs)
    assert [run.label for run in again] == ["l2"] * 3
    assert not {run.id for run in again} & {run.id for run in runs}
    assert again[0].identity == {**runs[0].identity, "replicate": 1}


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_holds_the_core_and_each_arm_once(name):
    arms = arms_of_suite(name, ("paper",))
    core = strategies.names(core=True)
    assert list(dict.fromkeys(arm.strategy.name for arm in arms))[: len(core)] == core
    both = {"paper", "centred"} <= {arm.form for arm in arms if arm.strategy.name == "cosine"}
    assert both == (name == "claims")
    labels = [(arm.strategy.label, arm.form) for arm in arms]
    assert len(set(labels)) == len(labels)


def test_the_claims_suite_has_whatever_a_claim_needs():
    from bench.claims import CLAIMS

    has = {(arm.strategy.label, arm.form) for arm in arms_of_suite("claims", ("paper",))}
    assert {(arm.label, arm.form) for claim in CLAIMS for arm in claim.arms()} <= has


def test_a_suite_tests_the_escape_of_every_strategy_once():
    """MGIoU alone has two names, and one escape test, which has one form; a plug-in of one form has its own."""

    @strategies.register("test-late")
    class Late(strategies.Strategy):
        forms = ("centred",)

        def weights(self, signals):
            return (0.0, 1.0) if signals.progress < 0.5 else (0.5, 0.5)

    try:
        found = [arm.strategy for arm in arms_of_suite("claims", ("paper",)) if arm.strategy.role == "rescue"]
        core = strategies.names(core=True)
    finally:
        strategies.registry._registry.pop("test-late")
    tested = [one.by for one in found if one.by in core]
    assert sorted(tested) == sorted({*core} - {"mgiou-centred"})
    assert "test-late" in tested


def test_without_the_reference_every_strategy_is_run_once_more(runs):
    chosen = [run for run in runs if run.label in ("cosine", "static") and run.seed == 0]
    assert [(one.label, one.replicate) for one in replicates(chosen)] == [(run.label, 1) for run in chosen]
