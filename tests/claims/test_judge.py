"""Verdicts: what records must show before a claim is called SUPPORTED or REFUTED."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

import strategies
from bench.claims import CLAIMS, combine, fingerprint, fingerprints, judge, open_arms
from bench.claims.declared import beats, difference, value
from bench.claims.quantities import DEGENERATE, EVENTS, QUANTITIES
from bench.claims.show import what_would_decide
from bench.claims.statement import All, Arm, Claim, Contrast, Fact, Group, Rate, RateOrder, Region, Some, Term
from bench.probe import probe
from bench.suites import arms_of_suite
from tests.report.samples import record, rescue

A, B, C = Arm("cosine"), Arm("step"), Arm("linear")
L2 = Arm("l2", None)


def claim(statement):
    return Claim("made-up", "Made up", "made up", statement)


def verdict(statement, records, landscape=None):
    (judgement,) = judge([claim(statement)], records, landscape)
    return judgement.verdict


def runs(arm, aps, **metrics):
    return [record(arm.label, seed, ap, arm.form, **metrics) for seed, ap in enumerate(aps) if ap is not None]


CLOSE = [0.50, 0.52, 0.49, 0.51]
UP = [ap + d for ap, d in zip(CLOSE, [0.10, 0.11, 0.09, 0.10], strict=True)]
NOISY = [ap + d for ap, d in zip(CLOSE, [0.10, -0.12, 0.05, -0.04], strict=True)]


def test_a_difference_is_supported_refuted_or_neither():
    statement = difference(A, B)
    assert verdict(statement, runs(A, UP) + runs(B, CLOSE)) == "SUPPORTED"
    assert verdict(statement, runs(A, CLOSE) + runs(B, UP)) == "REFUTED"
    assert verdict(statement, runs(A, NOISY) + runs(B, CLOSE)) == "UNDECIDED"


@pytest.mark.parametrize("aps", [[0.9], [None, 0.9]])
def test_one_seed_decides_nothing_however_large(aps):
    assert verdict(difference(A, B), runs(A, aps) + runs(B, [0.1, 0.1])) == "UNDECIDED"


def test_equal_runs_decide_nothing():
    assert verdict(difference(A, B), runs(A, CLOSE) + runs(B, CLOSE)) == "UNDECIDED"


def test_without_its_runs_a_claim_is_not_run_and_says_what_it_needs():
    (judgement,) = judge([claim(beats(A, B, C))], runs(A, UP) + runs(B, CLOSE), None)
    assert judgement.verdict == "NOT RUN"
    assert judgement.missing == ("linear",)
    assert len(judgement.run_ids) == 8


def test_one_part_that_is_refuted_refutes_the_whole_whatever_has_not_been_run():
    assert verdict(beats(A, B, C), runs(A, CLOSE) + runs(B, UP)) == "REFUTED"


def test_a_run_that_diverged_is_named_and_its_seed_is_no_pair():
    records = [*runs(A, [*UP[:3]]), record("cosine", 3, form="paper", status="diverged"), *runs(B, CLOSE)]
    (judgement,) = judge([claim(difference(A, B))], records, None)
    (finding,) = judgement.findings
    assert finding.n == 3
    assert finding.left_out == ("cosine s3: diverged", "step s3: no pair")


def test_what_was_lost_is_named_before_its_lone_partners():
    lost = [record("step", seed, form="paper", status=status) for seed, status in ((3, "failed"), (2, "interrupted"))]
    (judgement,) = judge([claim(difference(A, B))], [*runs(A, UP), *runs(B, CLOSE[:2]), *lost], None)
    assert judgement.findings[0].left_out == (
        "step s3: failed",
        "step s2: interrupted",
        "cosine s2: no pair",
        "cosine s3: no pair",
    )


def lost(arm, seed, status="diverged"):
    return record(arm.label, seed, form=arm.form, status=status)


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_no_verdict_is_in_favour_of_who_lost_runs(status):
    """Of ten runs of which six diverged, the four that are left may be those that went well."""
    up, close = UP, CLOSE
    for statement in (difference(A, B), difference(Group((A, C)), B), difference(A, B, factor=0.9)):
        ahead = [*runs(A, up), *runs(C, up), *runs(B, close)]
        assert verdict(statement, ahead) == "SUPPORTED"
        assert verdict(statement, [*ahead, lost(A, 4, status)]) == "UNDECIDED"
        assert verdict(statement, [*ahead, lost(B, 4, status)]) == "SUPPORTED"  # it is behind nevertheless
        behind = [*runs(A, close), *runs(C, close), *runs(B, [ap + 0.1 for ap in up])]
        assert verdict(statement, behind) == "REFUTED"
        assert verdict(statement, [*behind, lost(B, 4, status)]) == "UNDECIDED"
        assert verdict(statement, [*behind, lost(A, 4, status)]) == "REFUTED"


def test_between_two_bounds_neither_side_may_have_lost_runs():
    alike = [*runs(A, [ap + d for ap, d in zip(CLOSE, (0.001, -0.001, 0.002, 0.0), strict=True)]), *runs(B, CLOSE)]
    statement = difference(A, B, Region(-0.01, 0.01))
    assert verdict(statement, alike) == "SUPPORTED"
    for arm in (A, B):
        assert verdict(statement, [*alike, lost(arm, 4)]) == "UNDECIDED"


def test_what_lost_runs_and_is_ahead_says_that_no_number_of_seeds_decides():
    records = [*runs(A, UP), *runs(B, CLOSE), lost(A, 4)]
    (judgement,) = judge([claim(difference(A, B))], records, None)
    (finding,) = judgement.findings
    assert (finding.by_survivors, finding.seeds_to_decide, finding.open_up_to) == (True, None, None)
    assert "in favour of what lost runs" in what_would_decide(finding)
    assert open_arms(judgement) == ()


def test_a_quantity_that_is_no_ap_has_no_side_that_losses_favour():
    records = [
        record(arm.label, seed, 0.5, arm.form, ledger={"alpha_step": at + seed / 1000})
        for arm, at in ((A, 0.2), (B, 0.1))
        for seed in range(4)
    ]
    terms = (Term(1.0, "alpha_step", Group((A,))), Term(-1.0, "alpha_step", Group((L2,))))
    records += [record("l2", seed, ledger={"alpha_step": 0.0}) for seed in range(4)]
    assert verdict(Contrast(terms, Region(low=0.0)), [*records, lost(A, 4)]) == "SUPPORTED"


def test_runs_that_are_done_and_do_not_tell_are_not_said_to_be_missing():
    """A short run has no epoch before the change of alpha to compare with; to run it again would not help."""
    (judgement,) = judge([claim(value("transition_jump", B, Region(low=1.0)))], runs(B, CLOSE), None)
    assert (judgement.verdict, judgement.missing) == ("UNDECIDED", ())
    assert judgement.findings[0].left_out == tuple(f"step s{seed}: does not tell" for seed in range(4))


def test_a_group_is_its_mean_or_its_worst_at_each_seed():
    records = runs(A, [0.4, 0.5, 0.6]) + runs(C, [0.6, 0.3, 0.8]) + runs(B, [0.1, 0.2, 0.3])
    for reduce, expected in (("mean", [0.4, 0.2, 0.4]), ("min", [0.3, 0.1, 0.3])):
        (judgement,) = judge([claim(difference(Group((A, C), reduce), B))], records, None)
        assert list(judgement.findings[0].by_seed.values()) == pytest.approx(expected)


def test_terms_may_be_of_different_quantities_of_one_run():
    statement = Contrast(
        (Term(1.0, "mAP50_95", Group((A,))), Term(-1.0, "stage1_mAP50_95", Group((A,)))), Region(low=0)
    )
    records = [record("cosine", seed, 0.6 + 0.01 * seed, "paper", stage1_mAP50_95=0.5) for seed in range(3)]
    assert verdict(statement, records) == "SUPPORTED"
    assert "of cosine" in judge([claim(statement)], records, None)[0].findings[0].text


@pytest.mark.parametrize(
    ("stuck", "expected"),
    [([1, 1, 1], "UNDECIDED"), ([1] * 6, "SUPPORTED"), ([0] * 6, "REFUTED"), ([1, 0] * 4, "UNDECIDED")],
)
def test_a_rate_is_decided_by_its_exact_interval(stuck, expected):
    records = [record("mgiou", seed, 0.1, "paper", full_image=0.9 * one) for seed, one in enumerate(stuck)]
    (judgement,) = judge([claim(Rate("stuck", Arm("mgiou"), Region(low=0.5)))], records, None)
    assert judgement.verdict == expected
    low, high = judgement.findings[0].interval
    assert low <= sum(stuck) / len(stuck) <= high


def test_only_runs_that_were_stuck_can_escape():
    arm = Arm("rescue[by=cosine]", "centred")
    read = EVENTS["escaped"].read
    assert read(record(arm.label, 0, 0.5, "centred", stage1_full_image=0.9, full_image=0.1)) is True
    assert read(record(arm.label, 0, 0.0, "centred", stage1_full_image=0.9, full_image=0.8)) is False
    assert read(record(arm.label, 0, 0.5, "centred", stage1_full_image=0.2, full_image=0.1)) is None
    assert read(record(arm.label, 0, 0.5, "centred")) is None
    assert read(record(arm.label, 0, 0.5, "centred", stage1_full_image=0.9, full_image=math.nan)) is None


@pytest.mark.parametrize("shape", DEGENERATE)
def test_who_leaves_the_box_for_another_degenerate_shape_has_not_escaped(shape):
    read = EVENTS["escaped"].read
    for rate, escaped in ((0.4, True), (0.9, False)):
        ended = record("rescue[by=cosine]", 0, 0.0, "centred", stage1_full_image=1.0, **{shape: rate})
        assert read(ended) is escaped
        assert EVENTS["degenerate"].read(ended) is not escaped


def test_an_order_of_rates_counts_failures_of_every_kind():
    better, worse = Group((A,)), Group((B,))
    good = [record("cosine", seed, 0.5, "paper") for seed in range(10)]
    bad = [record("step", seed, form="paper", status="diverged") for seed in range(5)]
    bad += [record("step", seed, 0.0, "paper", bow_tie=0.9) for seed in range(5, 10)]
    assert verdict(RateOrder("failed", better, worse), good + bad) == "SUPPORTED"
    assert verdict(RateOrder("failed", worse, better), good + bad) == "REFUTED"
    assert verdict(RateOrder("failed", better, worse), good[:2] + bad[:2]) == "UNDECIDED"


def fails(arm, *statuses):
    return [record(arm.label, seed, form=arm.form, status=status) for seed, status in enumerate(statuses) if status]


TWO, FOUR = Group((Arm("two-stage-50"), Arm("two-stage-70"))), Group((A, B))


def test_runs_of_a_seed_that_share_their_fate_are_one_unit():
    """Two-stage runs are one training up to the switch: where it diverges, all of them do, and that was one event."""
    shared = [one for arm in TWO.arms for one in fails(arm, *["diverged"] * 3)]
    fine = [one for arm in FOUR.arms for one in fails(arm, *["done"] * 3)]
    (judgement,) = judge([claim(RateOrder("failed", TWO, FOUR))], shared + fine, None)
    (finding,) = judgement.findings
    assert judgement.verdict == "UNDECIDED"
    assert (finding.n, finding.by_seed, finding.p_refute) == (3, {0: 1.0, 1: 1.0, 2: 1.0}, 0.25)


def test_an_order_of_rates_is_the_paired_difference_of_shares_by_seed():
    mixed = ("done", "diverged") * 5
    records = [*fails(TWO.arms[0], *["done"] * 10), *fails(TWO.arms[1], *["done"] * 9, None)]
    records += [*fails(A, *["diverged"] * 10), *fails(B, *mixed[:7], "running", *mixed[8:])]
    (judgement,) = judge([claim(RateOrder("failed", TWO, FOUR))], records, None)
    (finding,) = judgement.findings
    seeds = [0, 1, 2, 3, 4, 5, 6, 8]
    assert finding.by_seed == {seed: -1.0 if seed % 2 else -0.5 for seed in seeds}
    assert finding.estimate == pytest.approx(-5.5 / 8)
    assert finding.p_support == 2 / 2**8
    low, high = finding.interval
    assert -1 <= low < finding.estimate < high < 0
    assert "0 of 16 of mean(two-stage-50, two-stage-70), 11 of 16 of mean(cosine, step)" in finding.text
    assert finding.left_out[:2] == ("step s7: running", "two-stage-50 s7: no pair")
    assert "step s9: no pair" in finding.left_out
    assert len(finding.run_ids) == 4 * len(seeds)


def test_an_order_of_rates_needs_every_arm_and_pays_for_its_looks():
    records = [one for arm in TWO.arms for one in fails(arm, *["done"] * 6)] + fails(A, *["diverged"] * 6)
    (judgement,) = judge([claim(RateOrder("failed", TWO, FOUR))], records, None)
    assert (judgement.verdict, judgement.missing) == ("NOT RUN", ("step",))
    records += fails(B, *["diverged"] * 6)
    once, often = (judge([claim(RateOrder("failed", TWO, FOUR))], records, None, looks)[0] for looks in (None, (3, 9)))
    assert once.verdict == "SUPPORTED"
    assert once.p_support == 2 / 2**6 < often.p_support


def test_groups_that_fail_as_often_are_rarely_told_apart_though_a_seed_has_many_runs():
    """Boschloo's test of the pooled runs was wrong in every fifth study of these."""
    rng = np.random.default_rng(3)
    wrong, studies = 0, 300
    for _ in range(studies):
        records = []
        for group in (TWO, FOUR):
            fate = ["diverged" if lost else "done" for lost in rng.random(10) < 0.2]
            records += [one for arm in group.arms for one in fails(arm, *fate)]
        wrong += verdict(RateOrder("failed", TWO, FOUR), records) in ("SUPPORTED", "REFUTED")
    assert wrong / studies <= 0.05


def test_facts_need_no_run():
    found = {"convexity": {"l2": {"violations": 0.02}}, "twice": [{"a": 4.0}, {"a": 2.0}]}
    assert verdict(Fact("", ("convexity", "l2", "violations"), Region(high=0.1)), [], found) == "SUPPORTED"
    assert verdict(Fact("", ("convexity", "l2", "violations"), Region(high=0.01)), [], found) == "REFUTED"
    assert verdict(Fact("", ("twice", 0, "a"), Region(1.9, 2.1), ("twice", 1, "a")), [], found) == "SUPPORTED"
    assert verdict(Fact("", ("twice", 7, "a"), Region(1.9, 2.1)), [], found) == "NOT RUN"
    assert verdict(Fact("", ("twice", 0, "a"), Region(1.9, 2.1)), [], None) == "NOT RUN"


def test_replicates_are_no_evidence():
    records = runs(A, UP) + runs(B, CLOSE)
    again = [record("cosine", seed, 0.0, "paper") for seed in range(4)]
    for one in again:
        one.identity["replicate"] = 1
    assert judge([claim(difference(A, B))], records + again, None) == judge([claim(difference(A, B))], records, None)


def test_the_verdict_does_not_depend_on_the_order_of_the_records():
    records = runs(A, NOISY) + runs(B, CLOSE) + runs(C, UP)
    shuffled = [records[i] for i in np.random.default_rng(0).permutation(len(records))]
    one, other = (judge([claim(beats(A, B, C))], found, None)[0] for found in (records, shuffled))
    assert (one.verdict, one.p_support, one.p_refute) == (other.verdict, other.p_support, other.p_refute)


def test_a_conjunction_pays_for_its_chances_to_be_refuted_and_a_choice_for_those_to_be_supported():
    """The share of wrong verdicts stays under 5 % in each direction, where nothing is true but equality."""
    rng = np.random.default_rng(1)
    arms = [Arm(f"arm{i}") for i in range(6)]
    counts = {"SUPPORTED": 0, "REFUTED": 0}
    studies = 600
    for _ in range(studies):
        records = [one for arm in arms for one in runs(arm, rng.normal(0.5, 0.02, 4))]
        parts = tuple(difference(arms[0], arm) for arm in arms[1:])
        counts["REFUTED"] += verdict(All(parts), records) == "REFUTED"
        counts["SUPPORTED"] += verdict(Some(parts), records) == "SUPPORTED"
    for number in counts.values():
        assert number / studies <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)


def test_looking_again_costs_certainty():
    records = runs(A, [0.55, 0.57, 0.53, 0.575]) + runs(B, CLOSE)
    (once,), (often,) = (judge([claim(difference(A, B))], records, None, looks) for looks in (None, (3, 10)))
    assert once.p_support < often.p_support < 8 * once.p_support + 1e-12
    stuck = [record("mgiou", seed, 0.1, "paper", full_image=0.9) for seed in range(6)]
    rate = [claim(Rate("stuck", Arm("mgiou"), Region(low=0.5)))]
    assert judge(rate, stuck, None)[0].verdict == "SUPPORTED"
    assert judge(rate, stuck, None, (3, 10))[0].verdict == "UNDECIDED"


def test_over_data_sets_a_claim_must_hold_on_all():
    statement = [claim(difference(A, B))]
    good = judge(statement, runs(A, UP) + runs(B, CLOSE), None)
    bad = judge(statement, runs(A, CLOSE) + runs(B, UP), None)
    unclear = judge(statement, runs(A, NOISY) + runs(B, CLOSE), None)
    assert combine([good, good])[0].verdict == "SUPPORTED"
    assert combine([good, unclear])[0].verdict == "UNDECIDED"
    assert combine([good, bad])[0].verdict == "REFUTED"
    assert combine([good, bad])[0].run_ids == good[0].run_ids


@pytest.mark.parametrize(
    ("p_values", "verdict"),
    [
        ((0.04, 0.03), "REFUTED"),  # on each of them
        ((0.05, 0.05, 0.05), "REFUTED"),
        ((0.024, 0.9), "REFUTED"),
        ((0.026, 0.9), "UNDECIDED"),  # one of two chances
        ((0.04, 0.06), "UNDECIDED"),
    ],
)
def test_what_is_refuted_on_each_data_set_is_refuted_over_all(p_values, verdict):
    (one,) = judge([claim(difference(A, B))], runs(A, CLOSE) + runs(B, UP), None)
    assert combine([[replace(one, p_refute=p)] for p in p_values])[0].verdict == verdict


# The claims as declared.

HYBRIDS = ("static", "linear", "cosine", "step", "exponential", "adaptive")


def escape_hybrid(**freed):
    """Return the verdict on `escape-hybrid`: of how many of 8 stuck runs each rescue frees."""
    records = [rescue(by, seed, after=float(seed >= number)) for by, number in freed.items() for seed in range(8)]
    (judgement,) = judge([one for one in CLAIMS if one.key == "escape-hybrid"], records, None)
    return judgement


def test_one_hybrid_loss_that_frees_every_detector_is_enough():
    assert escape_hybrid(mgiou=0, **dict.fromkeys(HYBRIDS, 0) | {"cosine": 8}).verdict == "SUPPORTED"
    assert escape_hybrid(mgiou=0, cosine=8).verdict == "SUPPORTED"
    assert escape_hybrid(mgiou=0, **dict.fromkeys(HYBRIDS, 0)).verdict == "REFUTED"
    assert escape_hybrid(mgiou=8, cosine=8).verdict == "REFUTED"
    assert escape_hybrid(mgiou=0, **dict.fromkeys(HYBRIDS, 0) | {"cosine": 7}).verdict == "UNDECIDED"


def test_the_hybrid_losses_of_the_first_question_are_those_that_the_suite_runs():
    (one,) = [one for one in CLAIMS if one.key == "escape-hybrid"]
    assert [arm.label for arm in one.arms()] == [f"rescue[by={by}]" for by in (*HYBRIDS, "mgiou")]
    suite = {(arm.strategy.label, arm.form) for arm in arms_of_suite("claims", ("paper",))}
    assert {(arm.label, arm.form) for claim in CLAIMS for arm in claim.arms()} <= suite
    assert next(claim for claim in CLAIMS if claim.topic == "Escape") is one


def test_every_claim_has_a_key_of_its_own_and_is_about_things_that_exist():
    keys = [one.key for one in CLAIMS]
    assert len(set(keys)) == len(keys)
    landscape = probe(pairs=200).to_dict()
    for one in CLAIMS:
        for arm in one.arms():
            (strategy,) = strategies.parse(arm.label)
            assert strategy.label == arm.label, "a label that no run would have"
            assert (arm.form in strategy.forms) if strategy.forms else arm.form is None
        for leaf in one.leaves():
            if isinstance(leaf, Contrast):
                assert all(term.quantity in QUANTITIES for term in leaf.terms)
            elif isinstance(leaf, Rate | RateOrder):
                assert leaf.event in EVENTS
            else:
                (judgement,) = judge([claim(leaf)], [], landscape)
                assert judgement.verdict in ("SUPPORTED", "REFUTED"), leaf


def test_a_claim_on_a_place_of_the_probe_is_about_the_distance_it_names():
    outside = probe(pairs=100).to_dict()["outside"]
    (fact,) = next(one for one in CLAIMS if one.key == "alone-l2-strong").leaves()
    assert "two image sides away" in fact.text
    assert "half a side away" in fact.text
    assert [outside[path[1]]["at"] for path in (fact.path, fact.per)] == [2.0, 0.5]


def test_without_records_nothing_is_said_of_training():
    verdicts = {judgement.claim.key: judgement.verdict for judgement in judge(CLAIMS, [], None)}
    assert set(verdicts.values()) == {"NOT RUN"}


def test_every_quantity_is_one_that_a_record_has():
    from bench.ledger import MEANS

    ledger = {*MEANS, "grad_ratio", "transition_jump", "transition_dip", "stage2_low_mAP50_95"}
    full = record("step", 0, 0.5, "paper", stage1_mAP50_95=0.4)
    full = type(full)(**{**full.__dict__, "ledger": dict.fromkeys(ledger, 1.0)})
    for name, quantity in QUANTITIES.items():
        assert quantity.read(full) is not None, name
        assert quantity.read(record("step", 0, math.nan, "paper")) is None, name


def test_the_hash_follows_every_word_and_margin():
    one = claim(difference(A, B))
    same = claim(difference(A, B))
    assert fingerprint([one]) == fingerprint([same])
    changed = [
        claim(difference(B, A)),
        claim(difference(A, B, Region(low=0.01))),
        Claim("x", "Made up", "made up", one.statement),
    ]
    changed.append(claim(value("mAP50_95", A, Region(low=0.0))))
    assert len({fingerprint([c]) for c in [one, *changed]}) == 5


def test_the_words_that_a_claim_is_shown_in_are_in_no_hash():
    one = claim(difference(A, B))
    told = replace(one, in_full="the same in more words")
    assert (one.shown, told.shown) == ("made up", "the same in more words")
    assert fingerprint([told]) == fingerprint([one])
    assert fingerprints([told]) == fingerprints([one])


def test_every_claim_is_shown_in_words_that_need_no_other():
    leans = re.compile(r"^(so|its|they|it|\d+)\b(?! %)|\bthere\b|\bthat$|\bthe four$|\bthe two gradients\b")
    assert sum(leans.search(one.text) is not None for one in CLAIMS) > 10
    assert [one.shown for one in CLAIMS if leans.search(one.shown)] == []
    assert len({one.shown for one in CLAIMS}) == len(CLAIMS)
