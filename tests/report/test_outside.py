"""Escape tests, controls, replicates and variants have places of their own."""

from __future__ import annotations

import numpy as np
import pytest

from bench.report import build, render
from bench.report.tables import kept_share
from bench.statistics import paired_difference
from strategies import Strategy, register, registry

from .reading import plain, section, table
from .samples import control, record, rescue, study

BASE = study(l2=[0.50, 0.52, 0.48], cosine=[0.60, 0.63, 0.57])


def compare(records, **more):
    (comparison,) = build(records, **more).comparisons
    return comparison


def markdown(records, **more):
    return plain(render(build(records, **more), "md"))


def test_only_strategies_and_their_variants_are_compared():
    special = [rescue("cosine"), control("cosine", "average"), record("l2", 0, 0.5, replicate=1)]
    found = compare([*BASE, *special])
    assert [row.label for row in found.rows] == ["l2", "cosine"]
    assert sorted(row.label for row in found.special) == ["cosine: averaged", "l2, replicate 1", "rescue[by=cosine]"]
    assert "mAP50-95 (better than l2: cosine (paper))" in found.conclusion


def test_a_strategy_that_only_sounds_like_one_is_a_strategy():
    """A plug-in may be called what it likes, and have what parameters it likes: its class says what it is."""
    sounding = record("control-x", 0, 0.5, "paper", parameters={"of": "cosine"})
    found = compare([*BASE, sounding, record("rescue", 0, 0.5, "paper", parameters={})])
    assert {row.label for row in found.rows} == {"l2", "cosine", "control-x", "rescue"}
    assert found.special == ()


@pytest.mark.parametrize(("role", "table"), [("rescue", "escapes"), ("control", "controls")])
def test_a_plug_in_may_be_about_another_strategy_and_is_compared_where_it_is_not_loaded(role, table):
    about = record("mine", 0, 0.5, "paper", parameters={"whose": "cosine"})

    class Mine(Strategy):
        whose: str = "cosine"

    Mine.role, Mine.about = role, "whose"
    try:
        register("mine", core=False)(Mine)
        loaded = compare([*BASE, about])
    finally:
        registry._registry.pop("mine", None)
    assert [row.label for row in loaded.rows] == ["l2", "cosine"]
    assert [row.label for row in loaded.special] == ["mine"]
    (one,) = getattr(loaded, table)
    assert (one.by if role == "rescue" else one.of) == {"rescue": "cosine", "control": "cosine (paper)"}[role]
    assert {row.label for row in compare([*BASE, about]).rows} == {"l2", "cosine", "mine"}


def test_variants_are_a_table_of_their_own_with_their_own_holm():
    slight = study(a=[0.55, 0.59, 0.52])
    sweep = study(**{f"b[x={i}]": [0.50, 0.53, 0.47 + i / 1e3] for i in range(9)})
    found = compare([*BASE, *slight, *sweep])
    assert [row.table for row in found.rows] == ["core"] * 3 + ["variant"] * 9
    assert {row.label: row.verdict for row in found.core} == {"l2": "", "cosine": "better", "a": "better"}
    text = section(markdown([*BASE, *slight, *sweep]), "Comparison")
    assert [row["strategy"] for row in table(text, "AP75")] == ["l2", "cosine", "a"]
    below = table(text.split("### Variants")[1], "AP75")
    assert [row["strategy"] for row in below][:2] == ["l2", "b[x=8]"]
    assert len(below) == 10


def test_a_sweep_alone_is_the_comparison():
    found = compare(study(l2=[0.5, 0.52], **{"static[alpha=0.1]": [0.6, 0.6], "static[alpha=0.5]": [0.6, 0.7]}))
    assert [row.table for row in found.rows] == ["core"] * 3
    assert found.variants_conclusion == ""


def test_controls_take_the_difference_at_the_same_seed_whatever_they_play():
    controls = [control("cosine", "average", seed, 0.50 + seed / 100) for seed in range(3)]
    controls += [control("cosine", "shuffle", 0, 0.7)]
    averaged, shuffled = compare([*BASE, *controls]).controls
    assert averaged.of == "cosine (paper)"
    assert averaged.difference.by_seed == pytest.approx({0: 0.10, 1: 0.12, 2: 0.05})
    assert (shuffled.difference.n, shuffled.verdict) == (1, "UNDECIDED")
    assert averaged.run_ids == tuple(one.id for one in controls[:3])
    rows = table(section(markdown([*BASE, *controls]), "Comparison"), "control")
    assert [(row["control"], row["seeds"]) for row in rows] == [("cosine: averaged", "3"), ("cosine: shuffled", "1")]


def test_controls_are_judged_together():
    alone = [control("cosine", "average", seed, ap) for seed, ap in enumerate((0.55, 0.56, 0.54))]
    crowd = [control("cosine", kind, seed, 0.6 + seed / 99) for kind in ("shuffle", "replay") for seed in range(3)]
    assert compare([*BASE, *alone]).controls[0].verdict == "better"
    assert compare([*BASE, *alone, *crowd]).controls[0].verdict == "UNDECIDED"


def test_a_control_without_its_strategy_shows_nothing():
    (found,) = compare([*BASE, control("step", "average")]).controls
    assert (found.difference, found.verdict) == (None, "")


@pytest.mark.parametrize(
    ("again", "told"),
    [
        ([0.50, 0.52], "none, mAP50-95 is the same to the last bit."),
        ([0.53, 0.56], "0.0354 of mAP50-95 (root mean square of the differences; the largest is 0.0400)."),
    ],
)
def test_the_noise_of_the_machine_is_that_of_the_same_run_twice(again, told):
    twice = [record("l2", seed, ap, replicate=1) for seed, ap in enumerate(again)]
    text = section(markdown([*BASE, *twice]), "Method and limits")
    assert "from 2 pairs of the same run twice" in text
    assert f"{BASE[0].id} and {twice[0].id}" in text
    assert told in text


def test_a_replicate_that_failed_or_has_no_partner_is_no_pair():
    records = [*BASE, record("l2", 0, 0.5, replicate=1, status="failed"), record("l2", 9, 0.5, replicate=1)]
    assert compare(records).noise.rms is None


def test_what_limits_the_precision_is_told_over_the_rows():
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.05, 400)
    vectors = {one.id: one.metrics["mAP50_95"] + shared * (one.label == "cosine") for one in BASE}
    found = compare(BASE, bootstraps=vectors).precision
    assert {name: one.limited_by for name, one in found.items()} == {"cosine (paper)": "validation set"}
    assert "Of 1 difference to l2, the precision is limited: 1 by the validation images." in markdown(
        BASE, bootstraps=vectors
    )


def test_bootstraps_of_two_versions_tell_nothing():
    vectors = {one.id: np.zeros(10 + (one.label == "l2")) for one in BASE}
    assert compare(BASE, bootstraps=vectors).precision == {}


def test_the_ledger_is_averaged_and_has_the_columns_that_are_on_record():
    records = [record("l2", seed, ledger={"alpha": 1.0}) for seed in range(2)]
    records += [
        record("cosine", seed, form="paper", ledger={"alpha": 0.5 + seed / 5, "conflict": 0.25, "grad_cosine": -0.1})
        for seed in range(2)
    ]
    l2, cosine = table(section(markdown(records), "Gradient ledger"), "α")
    assert l2 == {"strategy": "l2", "MGIoU": "–", "runs": "2", "α": "1.00", "cosine": "–", "conflict": "–"}
    assert (cosine["α"], cosine["cosine"], cosine["conflict"]) == ("0.60", "-0.10", "25 %")


def test_cost_counts_every_run_and_says_what_has_no_time():
    records = [
        record("l2", 0, timing={"cpu_s": 90.0, "memory_mib": 900.0}, final_epoch=100),
        record("l2", 1, timing={"cpu_s": 110.0, "memory_mib": 950.4}, final_epoch=100),
        record("l2", 2, status="failed", timing={"total_s": 20.0}),
        record("l2", 3, status="interrupted", timing={"total_s": None}),
        record("l2", 4, status="planned", timing={"total_s": None}),
    ]
    text = section(markdown(records), "Cost")
    (row,) = table(text, "epochs")
    assert (row["runs"], row["epochs"], row["CPU, s"], row["peak memory, MiB"]) == ("5", "100", "100.0", "950")
    assert row["all runs, min"] == "3.8 and 1 untimed"
    assert "Together: 5 runs, 3.8 min." in text


def versions(label="late", form="paper"):
    """Return runs of two versions of a plug-in, the second better by 0.1."""
    return [
        record(label, seed, 0.5 + add + seed / 50, form, source=source) for source, add in SOURCES for seed in (0, 1)
    ]


SOURCES = (("aaaaaaaaaaaa", 0.0), ("bbbbbbbbbbbb", 0.1))


def test_two_versions_of_a_plugin_are_two_rows_and_say_so():
    found = compare([*BASE, *versions()])
    rows = {row.label: row for row in found.rows if row.label.startswith("late")}
    assert set(rows) == {"late with source=aaaaaaaaaaaa", "late with source=bbbbbbbbbbbb"}
    assert [row.means["mAP50_95"] for row in rows.values()] == pytest.approx([0.61, 0.51])
    text = markdown([*BASE, *versions()])
    assert "late with source=aaaaaaaaaaaa" in text
    assert "late with source=bbbbbbbbbbbb" in text


def test_runs_from_before_sources_were_kept_are_a_version_too():
    old = [record("late", seed, 0.4, "paper") for seed in (0, 1)]
    found = compare([*BASE, *old, *versions()[:2]])
    assert {row.label for row in found.rows} == {"l2", "cosine", "late with no source", "late with source=aaaaaaaaaaaa"}


def test_a_control_and_a_rescue_stand_beside_the_version_they_are_of():
    controls = [control("late", "average", seed, 0.5 + seed / 50, source="bbbbbbbbbbbb") for seed in (0, 1)]
    rescues = [rescue("late", seed, 0.305 + seed / 100, source="bbbbbbbbbbbb") for seed in (0, 1)]
    found = compare([*BASE, *versions(), *versions(form="centred"), *controls, *rescues])
    assert found.controls[0].difference.mean == pytest.approx(0.1)  # 0 to the other version
    assert found.escapes[0].kept.mean == pytest.approx((0.305 / 0.6 + 0.315 / 0.62) / 2)


def test_what_a_control_is_of_is_not_guessed_where_a_label_stands_for_several():
    several = [record("late", 0, 0.5, "paper", parameters={"end": end}) for end in (0.1, 0.2)]
    assert compare([*BASE, *several, control("late", "average", 0, 0.5)]).controls[0].difference is None


def test_two_contents_of_one_model_yaml_are_two_comparisons():
    digests = ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
    found = build([record("l2", 0, 0.5, model_digest=digest) for digest in digests])
    assert [one.title for one in found.comparisons] == [f"documents (model_digest={digest})" for digest in digests]
    assert len(found.families) == 2


def test_out_of_full_image_boxes_is_not_yet_escaped():
    tests = [rescue("cosine", 0), rescue("cosine", 1, bow_tie=0.9), rescue("cosine", 2, after=0.9)]
    (found,) = compare([*BASE, *tests]).escapes
    assert (found.stuck, found.left, found.escaped) == (3, 2, 1)


def test_a_share_of_one_run_says_so():
    assert kept_share(paired_difference({0: 0.98}, {0: 0.0})) == "0.98 (1 run)"
    assert kept_share(paired_difference({0: 0.5, 1: 0.7}, {0: 0.0, 1: 0.0})).startswith("0.60 [")
