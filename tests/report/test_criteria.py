"""Every cell of the criteria table is a measurement of the runs it names."""

from __future__ import annotations

import pytest

from bench.report import build
from bench.statistics import rate_interval

from .samples import record, rescue, study

MIX = {"alpha": 0.8, "normalization": "none"}


def criteria(records):
    (comparison,) = build(records).comparisons
    names = [row.name for row in comparison.core]
    return {one.key: (dict(zip(names, one.cells, strict=True)), one.winner) for one in comparison.criteria}


def test_commands_are_runs_to_start_and_a_restart_is_one_more():
    one = {"stages": 1.0, "restarts": 0.0}
    found = criteria(
        [
            record("l2", 0, ledger=one),
            record("two-stage-50", 0, form="paper", ledger={"stages": 2.0, "restarts": 0.0}),
            record("two-stage-70-restart", 0, form="paper", ledger={"stages": 2.0, "restarts": 1.0}),
        ]
    )
    cells, winner = found["commands"]
    assert [cell.value for cell in cells.values()] == [1, 1, 2]
    assert winner.names == ("l2", "two-stage-50 (paper)")
    cells, winner = found["single_run"]
    assert [cell.text for cell in cells.values()] == ["yes", "yes, in 2 stages", "no"]
    assert winner is None


def test_hyper_parameters_are_counted():
    found, winner = criteria([record("l2"), record("static", form="paper", parameters=MIX)])["hyper_parameters"]
    assert [cell.value for cell in found.values()] == [0, 2]
    assert winner.names == ("l2",)


def test_escape_counts_only_what_was_stuck_and_ended():
    tests = [
        rescue("cosine", 0),
        rescue("cosine", 1, after=0.9),
        rescue("cosine", 2, before=0.2),  # never stuck
        rescue("cosine", 3, status="failed"),  # cannot tell
    ]
    cells, winner = criteria([*study(l2=[0.5], cosine=[0.5]), *tests])["escape"]
    low, high = rate_interval(1, 2)
    assert cells["cosine (paper)"].value == 0.5
    assert cells["cosine (paper)"].interval == (low, high)
    assert cells["cosine (paper)"].text == "1 of 2 (1 % to 99 %), centred"
    assert cells["cosine (paper)"].run_ids == tuple(test.id for test in tests)
    assert cells["l2"].text == "–"
    assert winner.why == "measured on one strategy alone"


def test_escape_of_a_strategy_that_was_never_stuck_is_no_rate():
    cells, _ = criteria([*study(l2=[0.5], cosine=[0.5]), rescue("cosine", 0, before=0.1)])["escape"]
    assert cells["cosine (paper)"].text == "none was stuck"
    assert cells["cosine (paper)"].value is None


def test_a_rescue_in_the_strategys_own_form_comes_first():
    records = [*study(l2=[0.5], cosine=[0.5]), rescue("cosine", 0), rescue("cosine", 0, after=0.9, form="paper")]
    cells, _ = criteria(records)["escape"]
    assert cells["cosine (paper)"].text == "0 of 1 (0 % to 98 %)"


def test_a_rescue_that_begins_elsewhere_is_another_test():
    other = record("rescue[at=0.5,by=cosine]", 0, 0.4, "centred", parameters={"by": "cosine", "at": 0.5})
    cells, _ = criteria([*study(l2=[0.5], cosine=[0.5]), other])["escape"]
    assert cells["cosine (paper)"].text == "–"


def test_a_rescue_is_that_of_the_strategy_that_is_registered_now():
    old = [record("cosine", seed, 0.4, "paper", parameters={"end": 0.3}) for seed in range(2)]
    records = [*study(l2=[0.5, 0.5], cosine=[0.5, 0.6]), *old, rescue("cosine", 0)]
    cells, _ = criteria(records)["escape"]
    assert {name: cell.text for name, cell in cells.items()} == {
        "l2": "–",
        "cosine with end=0.2 (paper)": "1 of 1 (3 % to 100 %), centred",
        "cosine with end=0.3 (paper)": "–",
    }


def escapes(records):
    """Return the escape tests, by strategy and form."""
    (comparison,) = build(records).comparisons
    return {(one.by, one.form): one for one in comparison.escapes}


def test_what_is_kept_is_a_share_of_the_same_strategy_in_the_same_form_and_seed():
    own = study(form="centred", cosine=[0.5, 0.8])
    tests = [rescue("cosine", 0, 0.4), rescue("cosine", 1, 0.4), rescue("cosine", 2, 0.4)]
    kept = escapes([record("l2"), *own, *tests])["cosine", "centred"].kept
    assert kept.by_seed == pytest.approx({0: 0.8, 1: 0.5})
    # Its own runs are in the other form.
    assert escapes([*study(l2=[0.5], cosine=[0.5]), *tests])["cosine", "centred"].kept is None


def test_recovery_is_the_ap_after_the_spoilt_start_whatever_its_own_came_to():
    """As a share of its own AP, one that hardly learns by itself would have the highest."""
    own = study(form="centred", cosine=[0.5] * 3, linear=[0.02, 0.03, 0.04])
    tests = [rescue("cosine", seed, 0.4 + seed / 100) for seed in range(3)]
    tests += [rescue("linear", seed, 0.1 + seed / 90) for seed in range(3)]
    cells, winner = criteria([*study(l2=[0.5] * 3), *own, *tests])["recovery"]
    assert (cells["cosine (centred)"].text, cells["cosine (centred)"].n) == ("0.410", 3)
    assert winner.names == ("cosine (centred)",)
    assert escapes([*own, *tests])["linear", "centred"].kept.mean > 3


def test_what_a_test_is_worth_is_that_of_the_runs_that_escaped():
    tests = [rescue("cosine", 0, 0.004), rescue("cosine", 1, 0.2, after=1.0), rescue("cosine", 2, 0.006)]
    found = escapes([record("l2"), *tests])["cosine", "centred"]
    assert (found.escaped, found.stuck) == (2, 3)
    assert found.mean == pytest.approx(0.07)
    assert found.mean_of_escaped == pytest.approx(0.005)
    assert escapes([record("l2"), tests[1]])["cosine", "centred"].mean_of_escaped is None


def escape_tests(by, aps, **more):
    return [rescue(by, seed, ap, **more) for seed, ap in enumerate(aps)]


RISING = [ap / 1000 for ap in range(450, 460)]


def both_forms():
    """Return own runs in both forms, and one escape test a strategy: those of cosine all escape."""
    own = [one for form in ("paper", "centred") for one in study(form=form, cosine=[0.5] * 10, linear=[0.5] * 10)]
    low = [0.1 + 0.002 * seed for seed in range(10)]
    return [
        *[record("l2", seed) for seed in range(10)],
        *own,
        *escape_tests("cosine", RISING),
        *escape_tests("linear", low, after=1.0),
        *escape_tests("l2", low[::-1], after=1.0),
    ]


@pytest.mark.parametrize("key", ["escape", "recovery"])
def test_an_escape_test_that_two_forms_share_competes_once_and_names_the_strategy(key):
    cells, winner = criteria(both_forms())[key]
    assert cells["cosine (paper)"].value == cells["cosine (centred)"].value
    assert winner.names == ("cosine",)
    assert winner.why.startswith("beats all 2 others")


def test_escape_tests_in_both_forms_compete_as_two():
    more = escape_tests("cosine", RISING, after=0.9, form="paper")
    _, winner = criteria([*both_forms(), *more])["escape"]
    assert winner.names == ("cosine (centred)",)


@pytest.mark.parametrize("lost", ["escape test", "own run"])
@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_recovery_does_not_name_a_strategy_that_lost_runs(lost, status):
    records = both_forms()
    assert criteria(records)["recovery"][1].names == ("cosine",)
    records.append(
        rescue("cosine", 10, status=status)
        if lost == "escape test"
        else record("cosine", 10, form="centred", status=status)
    )
    winner = criteria(records)["recovery"][1]
    assert winner.names == ()
    assert winner.why == "cosine has the highest and beats all 2 others, but lost runs"


def test_the_escape_rate_counts_a_test_that_diverged_and_names_nobody_who_has_one_that_failed():
    diverged, failed = (rescue("cosine", 10, status=status) for status in ("diverged", "failed"))
    diverged.metrics["stage1_full_image"] = 1.0  # it diverged after it had been handed over
    cells, winner = criteria([*both_forms(), diverged])["escape"]
    assert cells["cosine (centred)"].text.startswith("10 of 11 ")
    assert winner.names == ("cosine",)
    cells, winner = criteria([*both_forms(), failed])["escape"]
    assert cells["cosine (centred)"].text.startswith("10 of 10 ")
    assert winner.why.endswith("but lost runs")


@pytest.mark.parametrize("spoilt", [{"ap": 0.3, "bow_tie": 1.0}, {"ap": 0.009}])
def test_there_is_no_share_of_an_own_run_that_ended_degenerate_or_learnt_nothing(spoilt):
    own = [record("cosine", 0, 0.5, "centred"), record("cosine", 1, form="centred", **spoilt)]
    (found,) = build([record("l2"), *own, *(rescue("cosine", seed) for seed in range(2))]).comparisons[0].escapes
    assert found.kept.by_seed == pytest.approx({0: 0.8})


@pytest.mark.parametrize("key", ["seed_spread", "loss_spikes"])
@pytest.mark.parametrize(
    ("level", "shapes"), [(0.0, {}), (0.015, {}), (0.2, {}), (0.4, {"full_image": 1.0}), (0.4, {"bow_tie": 0.6})]
)
def test_what_fails_always_is_no_winner_of_stability(key, level, shapes):
    calm, wild = [0.500, 0.501, 0.503, 0.502] * 3, [0.6, 0.4, 0.45, 0.62] * 3
    records = [record("l2", seed, ap, ledger={"loss_spikes": 30.0 + seed % 3}) for seed, ap in enumerate(wild)]
    records += [
        record("cosine", seed, ap, "paper", ledger={"loss_spikes": 9.0 + seed % 2}) for seed, ap in enumerate(calm)
    ]
    records += [
        record("mgiou", seed, level + seed * 1e-7, "paper", ledger={"loss_spikes": seed % 2}, **shapes)
        for seed in range(12)
    ]
    _, winner = criteria(records)[key]
    assert winner.names == ("cosine (paper)",)


def test_one_that_is_as_good_and_calmer_is_the_winner_of_stability():
    """The test above can fail."""
    arms = [("l2", None, 0.1), ("cosine", "paper", 0.05), ("mgiou", "paper", 0.001)]
    records = [
        record(label, seed, 0.5 + wild * (seed % 3 - 1), form, ledger={"loss_spikes": 900 * wild + seed * k % 5})
        for k, (label, form, wild) in enumerate(arms)
        for seed in range(12)
    ]
    found = criteria(records)
    assert {found[key][1].names for key in ("seed_spread", "loss_spikes")} == {("mgiou (paper)",)}


def test_only_runs_that_were_stuck_have_something_to_recover_from():
    own = study(form="centred", cosine=[0.5, 0.5, 0.5])
    tests = [rescue("cosine", 0, 0.4), rescue("cosine", 1, 0.2, after=1.0), rescue("cosine", 2, 0.5, before=0.2)]
    (comparison,) = build([record("l2"), *own, *tests]).comparisons
    (found,) = comparison.escapes
    assert (found.runs, found.stuck) == (3, 2)
    assert found.kept.by_seed == pytest.approx({0: 0.8, 1: 0.4})
    assert found.mean == pytest.approx(0.3)
    cells, _ = criteria([record("l2"), *own, tests[2]])["recovery"]
    assert cells["cosine (centred)"].text == "–"


def test_what_is_kept_of_a_strategy_without_a_form_is_a_share_of_its_only_runs():
    assert escapes([record("l2", 0, 0.8), rescue("l2", 0, 0.4)])["l2", "centred"].kept.mean == pytest.approx(0.5)


def test_there_is_no_share_of_nothing():
    records = [record("l2"), *study(form="centred", cosine=[0.0]), rescue("cosine", 0, 0.0)]
    assert escapes(records)["cosine", "centred"].kept is None


def test_refinement_is_paired_with_the_reference():
    records = [record("l2", seed, mAP75=0.2 + seed / 10, mAP90=0.0) for seed in range(3)]
    records += [record("cosine", seed, form="paper", mAP75=0.3 + seed / 9, mAP90=0.1) for seed in (0, 1, 2, 3)]
    found = criteria(records)
    cell = found["mAP75"][0]["cosine (paper)"]
    assert cell.n == 3
    assert cell.value == pytest.approx(0.1 + (1 / 9 - 1 / 10))
    assert cell.interval is not None
    assert found["mAP75"][1].names == ("cosine (paper)",)
    assert found["mAP90"][1].names == ()  # the same difference at every seed has no spread to judge it by


def test_loss_spikes_are_averaged_and_not_ranked_without_a_test():
    records = [record("l2", seed, ledger={"loss_spikes": 1.0}) for seed in range(3)]
    records += [
        record("step", seed, form="paper", ledger={"loss_spikes": spikes}) for seed, spikes in enumerate((2, 4))
    ]
    cells, winner = criteria(records)["loss_spikes"]
    assert [cell.text for cell in cells.values()] == ["1.0", "3.0"]
    assert winner.names == ()


def test_worst_seed_counts_a_lost_run_as_worse_than_any_figure():
    records = [*study(l2=[0.5, 0.4], cosine=[0.6, 0.55]), record("cosine", 2, form="paper", status="diverged")]
    cells, winner = criteria(records)["worst_seed"]
    assert cells["l2"].text == "0.400 (seed 1 of 2)"
    assert cells["cosine (paper)"].text == "diverged (seed 2)"
    assert winner.names == ()


def test_sensitivity_is_the_range_over_one_parameter_on_common_seeds():
    records = study(l2=[0.5, 0.5])
    for alpha, figures in {0.8: [0.6, 0.6, 0.1], 0.1: [0.3, 0.4, 0.0], 0.5: [0.7, 0.7]}.items():
        label = "static" if alpha == 0.8 else f"static[alpha={alpha}]"
        records += [
            record(label, seed, ap, "paper", parameters={**MIX, "alpha": alpha}) for seed, ap in enumerate(figures)
        ]
    both = record("static[alpha=0.1,normalization=gradient]", 0, 0.0, "paper", parameters=dict.fromkeys(MIX, "x"))
    cells, winner = criteria([*records, both])["sensitivity"]
    assert cells["static (paper)"].text == "alpha: 0.350 over 3 values"
    assert cells["static (paper)"].n == 2
    assert both.id not in cells["static (paper)"].run_ids
    assert cells["l2"].value is None
    assert winner.names == ()


def test_worst_data_set_is_where_it_gains_least_over_the_reference():
    records = [
        record(label, seed, ap + seed / 100, form, data=data)
        for data, aps in {"documents": (0.5, 0.6), "parcels": (0.2, 0.25)}.items()
        for label, form, ap in zip(("l2", "cosine"), (None, "paper"), aps, strict=True)
        for seed in range(2)
    ]
    for comparison in build(records).comparisons:
        (worst,) = [one for one in comparison.criteria if one.key == "worst_data_set"]
        assert [cell.value for cell in worst.cells] == [None, pytest.approx(0.05)]
        assert worst.cells[1].text.endswith("(parcels)")


def test_a_strategy_that_is_not_on_every_data_set_has_no_worst_one():
    records = [record("l2"), record("cosine", form="paper"), record("l2", data="parcels")]
    for comparison in build(records).comparisons:
        (worst,) = [one for one in comparison.criteria if one.key == "worst_data_set"]
        assert not worst.measured
