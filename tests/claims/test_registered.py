"""Claims are about strategies as they are registered now, whatever their labels once stood for."""

from __future__ import annotations

import json

import pytest

import strategies
from bench.claims import CLAIMS, judge
from bench.claims.declared import CENTRED, difference, rescue, rescued, value
from bench.claims.registered import is_registered, registered_key, strategy_key
from bench.claims.show import to_rows
from bench.claims.statement import Arm, Claim, Rate, Region
from bench.plain import to_plain
from bench.study import Run
from tests.report.samples import record

COSINE, EXPONENTIAL = Arm("cosine"), Arm("exponential")
BEATS = Claim("beats", "Made up", "cosine beats exponential", difference(COSINE, EXPONENTIAL))


def runs(label, *aps, **parameters):
    return [record(label, seed, ap, "paper", parameters=parameters or None) for seed, ap in enumerate(aps)]


NOW, OLD = runs("cosine", 0.60, 0.62, 0.59, 0.61), runs("cosine", 0.40, 0.41, 0.39, 0.40, end=0.3)
BASE = runs("exponential", 0.50, 0.51, 0.48, 0.505)


def judged(records, claim=BEATS):
    (judgement,) = judge([claim], records, None)
    return judgement


def test_two_strategies_under_one_label_are_not_merged():
    with_old, without = judged([*NOW, *OLD, *BASE]), judged([*NOW, *BASE])
    assert (
        with_old.findings[0].by_seed
        == without.findings[0].by_seed
        == pytest.approx({0: 0.1, 1: 0.11, 2: 0.11, 3: 0.105})
    )
    assert with_old.run_ids == without.run_ids
    assert with_old.findings[0].left_out == tuple(f"cosine s{seed}: other parameters" for seed in range(4))
    assert judged([*OLD, *NOW, *BASE]).verdict == judged([*NOW, *OLD, *BASE]).verdict == "SUPPORTED"


def test_a_run_is_counted_once_in_a_rate():
    claim = Claim("stuck", "Made up", "stuck", Rate("stuck", COSINE, Region(low=0.5)))
    stuck = [record("cosine", seed, 0.1, "paper", full_image=1.0) for seed in range(3)]
    old = [record("cosine", seed, 0.1, "paper", full_image=1.0, parameters={"end": 0.3}) for seed in range(3)]
    (finding,) = judged([*stuck, *old], claim).findings
    assert finding.n == 3
    assert finding.left_out == tuple(f"cosine s{seed}: other parameters" for seed in range(3))


def test_runs_of_an_older_version_alone_are_left_out_and_the_reader_is_told():
    judgement = judged([*OLD, *BASE])
    assert judgement.verdict == "NOT RUN"
    assert judgement.missing == ("cosine as it is registered now",)
    of = type("Of", (), {"title": "documents", "judgements": [judgement]})
    (row,) = to_rows(type("Report", (), {"families": [], "comparisons": [of]}))
    assert "nothing on record (left out: cosine s0: other parameters" in row["evidence"]


def test_a_variant_that_has_become_the_default_is_the_strategy():
    """Its run has the same identity, so that it is not trained again; only the label is of then."""
    variant = runs("cosine[end=0.2]", 0.60, 0.62, 0.59, 0.61)
    assert variant[0].identity["strategy"] == NOW[0].identity["strategy"]
    assert judged([*variant, *BASE]).verdict == "SUPPORTED"


def test_a_label_that_means_nothing_now_is_taken_as_it_is():
    gone = [Arm("gone[x=1]"), EXPONENTIAL]
    records = [record("gone[x=1]", seed, ap, "paper", parameters={"x": 1}) for seed, ap in enumerate((0.6, 0.62, 0.59))]
    judgement = judged([*records, *BASE], Claim("gone", "Made up", "gone", difference(*gone)))
    assert judgement.verdict == "SUPPORTED"
    assert registered_key("gone[x=1]") is None
    assert is_registered("gone[x=1]", records[0].identity["strategy"])


def test_a_strategy_is_told_by_name_and_parameters_alone():
    strategy = NOW[0].identity["strategy"]
    assert registered_key("cosine") == strategy_key(strategy) == strategy_key({**strategy, "drawn": {"x": 1}})
    assert not is_registered("cosine", OLD[0].identity["strategy"])
    assert strategy_key({"name": "a", "parameters": {"x": 1, "y": [0, "b"], "z": True}}) == strategy_key(
        {"name": "a", "parameters": {"z": True, "y": (0.0, "b"), "x": 1.0}}
    )
    assert registered_key("static[alpha=[0.1,0.5]]") is None, "two strategies are not one"


def test_a_run_of_today_is_what_its_label_stands_for_once_it_is_on_disk():
    for arm in dict.fromkeys(arm for claim in CLAIMS for arm in claim.arms()):
        (strategy,) = strategies.parse(arm.label)
        run = Run(strategy, arm.form, {"name": "d", "fingerprint": "f", "vertices": 4}, 0, "yolo11n-polygon.yaml", {})
        stored = json.loads(json.dumps(to_plain(run.identity)))
        assert registered_key(arm.label) == strategy_key(stored["strategy"]), arm


@pytest.mark.parametrize("label", ["cosine", "static[alpha=0.1]", "test-listed[knots=[[0.5,1]]]"])
def test_an_escape_test_tells_whose_it_is(label):
    assert rescued(rescue(label)) == label


def test_the_form_still_tells_arms_apart():
    records = [
        record("mgiou-centred", seed, 0.1, "centred", ledger={"alpha_step": 0.1 + seed / 9}) for seed in range(3)
    ]
    claim = Claim("form", "Made up", "form", value("alpha_step", CENTRED, Region(low=0.0)))
    assert judged(records, claim).findings[0].n == 3
