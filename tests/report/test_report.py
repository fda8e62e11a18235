"""The report says what its records say, and no more."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import UserError
from bench.manifest import Manifest
from bench.metrics import METRICS
from bench.report import FORMATS, build, render
from bench.report.machine import frame
from bench.statistics import rate_interval
from bench.text import percent

from ..generated import assert_generated
from ..loaded import loaded
from .golden import GOLDEN, golden, golden_text
from .reading import plain, section, table
from .samples import record, study

CLEAR = study(l2=[0.50, 0.52, 0.48], cosine=[0.60, 0.63, 0.57], mgiou=[0.05, 0.06, 0.05])


def rows(records):
    (comparison,) = build(records).comparisons
    return {row.label: row for row in comparison.rows}


def conclusion(records):
    return build(records).comparisons[0].conclusion


def test_means_spread_and_differences():
    found = rows(CLEAR)
    assert found["l2"].means["mAP50_95"] == pytest.approx(0.5)
    assert found["l2"].sd == pytest.approx(0.02)
    assert found["cosine"].difference.by_seed == pytest.approx({0: 0.10, 1: 0.11, 2: 0.09})
    assert found["cosine"].verdict == "better"
    assert found["mgiou"].verdict == "worse"
    assert found["l2"].difference is None
    assert found["l2"].verdict == ""


def test_the_reference_comes_first_then_the_best():
    (comparison,) = build(CLEAR).comparisons
    assert [row.label for row in comparison.rows] == ["l2", "cosine", "mgiou"]


def test_the_order_of_records_does_not_matter():
    shuffled = CLEAR[:]
    random.Random(3).shuffle(shuffled)
    for form in FORMATS:
        assert render(build(shuffled), form) == render(build(CLEAR), form)


def test_a_difference_within_the_spread_is_undecided_and_says_how_many_seeds():
    records = study(l2=[0.50, 0.52, 0.48], cosine=[0.52, 0.50, 0.53])
    text = render(build(records), "md")
    assert "UNDECIDED (≈ " in text
    assert "decides 0 of 1 differences" in text
    assert "UNDECIDED is not EQUAL" in text
    assert "better than" not in section(text, "Comparison")


def test_a_difference_of_almost_nothing_says_that_it_takes_over_10000_seeds():
    records = study(l2=[0.50, 0.52, 0.48], cosine=[0.60, 0.42, 0.4801])
    assert rows(records)["cosine"].verdict == "UNDECIDED"
    assert "UNDECIDED (> 10,000 seeds) |" in plain(render(build(records), "md"))
    (line,) = (one for one in csv.DictReader(io.StringIO(render(build(records), "csv"))) if one["strategy"] == "cosine")
    assert (line["seeds_to_decide"], line["open_up_to_seeds"]) == ("", "10000")


def test_holm_makes_many_strategies_harder_to_tell_from_the_reference():
    one = study(l2=[0.50, 0.52, 0.48], a=[0.55, 0.59, 0.52])
    many = study(
        l2=[0.50, 0.52, 0.48], a=[0.55, 0.59, 0.52], **{f"b{i}": [0.5, 0.53, 0.47 + i / 1e3] for i in range(9)}
    )
    assert rows(one)["a"].verdict == "better"
    assert rows(many)["a"].verdict == "UNDECIDED"


def test_one_seed_decides_nothing():
    records = study(l2=[0.1], cosine=[0.9])
    assert rows(records)["cosine"].verdict == "UNDECIDED"
    assert "one seed" in conclusion(records)
    assert "no difference to l2 can be decided" in conclusion(records)


def test_two_equal_studies_of_zeros_decide_nothing():
    assert rows(study(l2=[0.0, 0.0, 0.0], cosine=[0.0, 0.0, 0.0]))["cosine"].verdict == "UNDECIDED"


def test_without_the_reference_there_is_no_difference():
    records = study(cosine=[0.6, 0.6, 0.7])
    assert rows(records)["cosine"].difference is None
    assert "no run of l2 is done" in conclusion(records)


def test_the_reference_alone():
    assert "l2 alone" in conclusion(study(l2=[0.5, 0.6]))


def test_nothing_done_shows_nothing():
    records = [record("l2", status="failed", reason="boom"), record("cosine", form="paper", status="planned")]
    assert conclusion(records).startswith("The table shows nothing yet")
    text = render(build(records), "md")
    assert "failed: boom" in text
    assert "planned 1" in text


def test_missing_seeds_are_not_paired_and_are_counted():
    records = study(l2=[0.5, 0.52, 0.48], cosine=[0.6, None, 0.58])
    found = rows(records)["cosine"]
    assert list(found.difference.by_seed) == [0, 2]
    assert found.done == 2


def test_failed_and_diverged_runs_are_shown_with_reason_and_id():
    lost = record("cosine", seed=2, form="paper", status="diverged", reason="loss is nan at the end of epoch 7")
    records = study(l2=[0.5, 0.52, 0.48], cosine=[0.6, 0.61]) + [lost]
    text = render(build(records), "md")
    assert "diverged 1" in text
    assert f"run {lost.id}: diverged: loss is nan at the end of epoch 7" in text
    assert re.search(r"\| cosine +\| paper +\| +2/3 \|", text)
    assert rows(records)["cosine"].means["mAP50_95"] == pytest.approx(0.605)


def test_a_run_that_did_not_end_well_gives_no_figure_even_if_it_has_one():
    lost = dataclasses.replace(record("cosine", 2, 0.9, "paper"), status="diverged")
    found = rows([*study(l2=[0.5, 0.5, 0.5], cosine=[0.6, 0.7]), lost])["cosine"]
    assert found.means["mAP50_95"] == pytest.approx(0.65)
    assert list(found.difference.by_seed) == [0, 1]
    assert found.seeds[2].mAP50_95 is None


def test_a_collapse_is_in_the_mean_and_in_the_rate():
    records = study(l2=[0.5, 0.5], cosine=[0.6]) + [record("cosine", seed=1, ap=0.0, form="paper", full_image=1.0)]
    found = rows(records)["cosine"]
    assert found.means["mAP50_95"] == pytest.approx(0.3)
    assert found.means["full_image"] == 0.5


def test_two_data_sets_are_two_tables():
    records = CLEAR + [record("l2", seed, 0.9, data="parcels") for seed in range(3)]
    report = build(records)
    assert [c.condition["data"]["name"] for c in report.comparisons] == ["documents", "parcels"]
    assert "l2 alone" in report.comparisons[1].conclusion


def test_other_epochs_are_another_table():
    assert len(build([*CLEAR, record("l2", epochs=3)]).comparisons) == 2


def test_both_forms_are_rows_of_their_own():
    records = study(l2=[0.5, 0.5], cosine=[0.6, 0.6]) + study(form="centred", cosine=[0.2, 0.3])
    (comparison,) = build(records).comparisons
    assert [(row.label, row.form) for row in comparison.rows] == [
        ("l2", None),
        ("cosine", "paper"),
        ("cosine", "centred"),
    ]


def test_an_ap_that_is_not_defined_is_no_zero():
    records = study(l2=[0.5, 0.5]) + [record("cosine", 0, math.nan, "paper")]
    found = rows(records)["cosine"]
    assert math.isnan(found.means["mAP50_95"])
    assert found.difference is None
    assert json.loads(render(build(records), "json"))["comparisons"][0]["rows"][1]["means"]["mAP50_95"] is None


def test_markdown_is_a_table_whatever_the_names():
    nasty = record("a|b <script>alert(1)</script>\n# x", form="paper")
    text = render(build([record("l2"), nasty]), "md")
    assert "<script>" not in text
    assert all(line.endswith("|") for line in text.splitlines() if line.startswith("|"))
    assert [len(row) for row in table(text, "AP75")] == [11, 11]


def test_every_figure_leads_to_a_run():
    text = render(build(CLEAR), "md")
    for one in CLEAR:
        assert one.id in text
    assert {row["run_ids"] for row in csv.DictReader(io.StringIO(render(build(CLEAR), "csv")))} == {
        " ".join(r.id for r in CLEAR if r.label == label) for label in ("l2", "cosine", "mgiou")
    }


def test_csv_has_a_line_a_row_in_full_precision():
    lines = list(csv.DictReader(io.StringIO(render(build(CLEAR), "csv"))))
    assert [line["strategy"] for line in lines] == ["l2", "cosine", "mgiou"]
    assert float(lines[1]["difference"]) == pytest.approx(0.1, abs=1e-12)
    assert lines[1]["verdict"] == "better"


def test_csv_and_latex_have_the_variants_too():
    records = [*CLEAR, *study(**{"cosine[end=0.5]": [0.5, 0.5]})]
    lines = list(csv.DictReader(io.StringIO(render(build(records), "csv"))))
    assert [line["table"] for line in lines] == ["core", "core", "core", "variant"]
    assert render(build(records), "latex").count(r"\begin{table}") == 2


def test_csv_has_what_stands_outside_the_tables_and_over_several_data_sets():
    report = golden()
    lines = list(csv.DictReader(io.StringIO(render(report, "csv"))))
    by_table = {kind: [line for line in lines if line["table"] == kind] for kind in {line["table"] for line in lines}}
    assert by_table.keys() == {"core", "variant", "rescue", "control", "replicate", "core-together"}
    assert {run for line in lines for run in line["run_ids"].split()} == {
        seed.run_id for one in report.comparisons for row in one.all_rows for seed in row.seeds
    }
    (test,) = (line for line in by_table["rescue"] if line["strategy"] == "rescue[by=cosine]")
    assert (test["form"], test["stuck"], test["escaped"], test["difference"]) == ("centred", "3", "3", "")
    assert float(test["escaped_share_low"]) == pytest.approx(rate_interval(3, 3)[0])
    (averaged,) = by_table["control"]
    (control,) = report.comparisons[0].controls
    assert (float(averaged["difference"]), averaged["verdict"]) == (control.difference.mean, control.verdict)
    together, combined = by_table["core-together"], report.families[0].combined
    assert [line["strategy"] for line in together] == [one.label for one in combined]
    assert [float(line["difference"]) for line in together] == [one.difference.mean for one in combined]
    assert {(line["comparison"], line["data"], line["epochs"]) for line in together} == {
        ("documents, parcels", "", "100")
    }


def test_latex_has_the_data_sets_together():
    report = golden()
    last = render(report, "latex").rpartition(r"\begin{table}")[2]
    assert "Over 2 data sets together" in last
    assert r"difference to l2, all" in last
    assert "cosine & paper & " in last


def test_json_carries_everything_that_is_shown():
    found = json.loads(render(golden(), "json"))
    assert {"study", "comparisons", "families", "claims", "declared", "looks", "suite"} <= found.keys()
    comparison = found["comparisons"][0]
    assert {one["verdict"] for one in comparison["judgements"]} <= {"SUPPORTED", "REFUTED", "UNDECIDED", "NOT RUN"}
    assert comparison["judgements"][1]["claim"]["key"] == "escape-hybrid"
    assert comparison["judgements"][1]["findings"][0]["run_ids"]
    for part in ("criteria", "escapes", "controls", "special"):
        assert comparison[part]
    assert comparison["noise"]["rms"] == 0
    assert [one["claim"] for one in found["families"][0]["answers"]] == [
        "escape-hybrid",
        "overall-hybrid-beats-two-stage",
        "overall-hybrid-beats-l2",
    ]
    assert found["families"][0]["combined"]


def test_5000_records_are_reported_in_seconds():
    """60 arms, as a suite has, on four data sets. It is this process's time, so that a busy machine is no failure."""
    arms = [("l2", None), ("cosine", "paper"), *((f"a{i}", "paper") for i in range(12))]
    arms += [(f"cosine[end=0.{i}]", "paper") for i in range(10, 56)]
    records = [
        record(label, seed, 0.5 + math.sin(i * seed + seed) / 20, form, data=data)
        for data in ("a", "b", "c", "d")
        for seed in range(21)
        for i, (label, form) in enumerate(arms)
    ]
    assert len(records) == 5040
    begun = time.process_time()
    text = render(build(records), "md")
    assert time.process_time() - begun < 5
    assert text.count("\n") > 5040


def test_latex_escapes_and_balances():
    text = render(build([record("l2"), record("static[alpha=0.5]_100%", form="paper")]), "latex")
    assert r"static[alpha=0.5]\_100\%" in text
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 1
    assert r"\toprule" in text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (1, "100 %"), (0.123, "12 %"), (0.001, "< 1 %"), (0.999, "> 99 %"), (math.nan, "–")]
)
def test_a_rate_is_rounded_to_nought_or_all_only_when_it_is(share, text):
    assert percent(share) == text


def test_the_golden_report():
    """Read what has changed before it is kept."""
    assert_generated(GOLDEN, golden_text())


def test_all_that_a_run_is_scored_by_is_reported():
    assert set(METRICS) <= {*frame(golden().comparisons).columns}


def test_two_strategies_under_one_label_are_not_mixed():
    """A label leaves out defaults; when a default changes, old and new runs have the same label."""
    old = [record("static", seed, 0.1, "paper", parameters={"alpha": 0.5, "normalization": "none"}) for seed in (0, 1)]
    new = [record("static", seed, 0.9, "paper", parameters={"alpha": 0.8, "normalization": "none"}) for seed in (0, 1)]
    found = rows(study(l2=[0.5, 0.5]) + old + new)
    assert list(found) == ["l2", "static with alpha=0.8", "static with alpha=0.5"]
    assert found["static with alpha=0.8"].means["mAP50_95"] == pytest.approx(0.9)
    assert found["static with alpha=0.5"].means["mAP50_95"] == pytest.approx(0.1)


def test_a_run_that_is_there_twice_is_refused():
    twice = [record("l2"), dataclasses.replace(record("l2"), id="0123456789ab")]
    with pytest.raises(UserError, match=r"l2: runs .*0123456789ab.* are all seed 0 of the same strategy"):
        build(twice)


def test_several_studies_are_all_named():
    records = [record("l2"), dataclasses.replace(record("l2", 1), study="another")]
    assert build(records).study == build(records[::-1]).study == "another, main"


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_run_is_said_in_every_format(form):
    text = render(build([]), form)
    expected = {
        "md": "No run is on record, so there is nothing to compare.",
        "latex": "% no run is on record",
        "json": '"comparisons": []',
        "csv": "comparison,data,fingerprint,vertices,",
    }
    assert expected[form] in text
    assert text.endswith("\n")


def test_an_unknown_format_is_named_with_those_there_are():
    with pytest.raises(UserError, match="'html' is unknown; use one of md, json, latex, csv"):
        render(build([]), "html")


def test_all_failed_is_nothing_and_not_nothing_yet():
    records = [record("l2", seed, status="failed", reason="boom") for seed in range(2)]
    assert conclusion(records) == (
        "The table shows nothing: no run on documents (V = 4) with yolo11n-polygon.yaml at 96 px for 100 epochs has a "
        "figure (failed 2)."
    )
    assert "l2: 2 of 2 diverged or failed, 100 % (95 % interval 16 % to 100 %)" in render(build(records), "md")


def test_runs_without_a_figure_are_counted_in_the_sentence():
    lost = [record("cosine", seed, form="paper", status="diverged") for seed in (1, 2)]
    left = [record("step", 0, form="paper", status="planned")]
    told = conclusion(study(l2=[0.5, 0.52, 0.48], cosine=[0.6], linear=[0.5, 0.5, 0.51]) + lost + left)
    assert "With 1 to 3 seeds in common on documents" in told
    assert "3 of 10 runs have no figure and are in no mean (diverged 2, planned 1)" in told
    assert "without a pair with l2: step (paper)" in told
    assert "decides 0 of 2 differences" in told


def test_strategies_that_share_no_seed_with_the_reference():
    records = [record("l2", 0), record("l2", 1), record("cosine", 2, 0.9, "paper")]
    assert rows(records)["cosine"].difference is None
    assert "no other strategy has a seed that l2 has too" in conclusion(records)


def test_one_seed_in_common_that_is_not_the_same_for_all():
    records = [record("l2", 0), record("l2", 1), record("a", 0, form="paper"), record("b", 1, form="paper")]
    assert conclusion(records).startswith("With one seed in common a strategy on documents")


def test_a_run_that_is_done_without_a_figure_is_neither_zero_nor_hidden():
    records = study(l2=[0.5, 0.5], cosine=[0.6]) + [record("cosine", 1, math.nan, "paper", mAP50=math.nan)]
    text = render(build(records), "md")
    (row,) = [row for row in table(text, "AP75") if row["strategy"] == "cosine"]
    assert (row["seeds"], row["mAP50-95"], row["status"]) == ("2/2", "0.600", "done 2 (1 without mAP50-95)")
    assert "1 of 4 runs have no figure and are in no mean (done 1)" in conclusion(records)
    assert re.search(r"\bnan\b", text) is None


def test_an_interval_that_leaves_out_zero_but_not_after_the_looks_says_so():
    steps = [0.02, 0.05, 0.01, 0.06, 0.03, 0.005]
    records = study(l2=[0.5] * 6, cosine=[0.5 + step for step in steps])
    once, often = (
        table(render(build(records, Manifest(None, "x", looks)), "md"), "AP75")[-1]["difference to l2"]
        for looks in (None, (3, 20))
    )
    assert once.endswith("better")
    assert re.fullmatch(r"\+0\.029 \\\[\+0\.006, \+0\.052\\\] UNDECIDED \(looks, ≈ 8 seeds\)", often)
    (row,) = build(records, Manifest(None, "x", (3, 20))).comparisons[0].rows[1:]
    assert (row.difference.n, row.seeds_to_decide, row.kept_open_by) == (6, 8, "looks")


def test_a_difference_that_is_the_same_at_every_seed_says_so():
    records = study(l2=[0.5, 0.625], cosine=[0.75, 0.875])
    (found,) = [row for row in table(render(build(records), "md"), "AP75") if row["strategy"] == "cosine"]
    assert found["difference to l2"] == "+0.250 UNDECIDED (no spread)"
    assert "UNDECIDED is not EQUAL;" in conclusion(records)
    assert "it takes more seeds" not in conclusion(records)


def test_an_interval_that_leaves_out_zero_but_not_after_holm_says_so():
    records = study(
        l2=[0.50, 0.52, 0.48], a=[0.55, 0.59, 0.52], **{f"b{i}": [0.5, 0.53, 0.47 + i / 1e3] for i in range(9)}
    )
    found = {row["strategy"]: row["difference to l2"] for row in table(render(build(records), "md"), "AP75")}
    assert re.fullmatch(r"\+0\.053 \\\[\+0\.\d+, \+0\.\d+\\\] UNDECIDED \(Holm\)", found["a"])


def test_failures_have_a_rate_and_an_interval_and_what_was_interrupted_is_no_failure():
    records = study(l2=[0.5, 0.5, 0.5], cosine=[0.6]) + [
        record("cosine", 1, form="paper", status="failed", reason="boom"),
        record("cosine", 2, form="paper", status="interrupted", reason="Ctrl-C"),
    ]
    found = rows(records)
    assert (found["cosine"].failures.count, found["cosine"].failures.total) == (1, 2)
    assert found["cosine"].failures.interval == rate_interval(1, 2)
    assert found["l2"].failures.count == 0
    text = section(render(build(records), "md"), "Failures")
    assert [line[:29] for line in text.strip().splitlines()] == [
        "- cosine (paper): 1 of 2 dive",
        "- cosine (paper), seed 1, run",
        "- cosine (paper), seed 2, run",
    ]


def test_no_failures_are_told_as_such():
    text = section(render(build(CLEAR), "md"), "Failures")
    assert text == ("No run diverged, failed or was interrupted, and none ended in a degenerate shape on most images.")


def test_rarer_shapes_have_a_column_only_where_there_are_any():
    plain = render(build(CLEAR), "md")
    assert "In no run that is done: collapsed, outside, no prediction." in plain
    records = [*CLEAR, record("step", 0, 0.1, "paper", collapsed=0.001)]
    text = render(build(records), "md")
    found = {row["strategy"]: row["collapsed"] for row in table(text, "ring mAP50")}
    assert found == {"l2": "0 %", "cosine": "0 %", "mgiou": "0 %", "step": "< 1 %"}
    assert "In no run that is done: outside, no prediction." in text


def test_every_seed_is_shown_with_its_difference_and_run():
    found = [row for row in table(render(build(CLEAR), "md"), "run") if row["strategy"] == "cosine"]
    runs = {record.seed: record.id for record in CLEAR if record.label == "cosine"}
    assert [(row["seed"], row["mAP50-95"], row["difference to l2"], row["run"]) for row in found] == [
        ("0", "0.600", "+0.100", runs[0]),
        ("1", "0.630", "+0.110", runs[1]),
        ("2", "0.570", "+0.090", runs[2]),
    ]


def test_conditions_on_the_same_data_are_told_apart_by_what_differs():
    records = [record("l2"), record("l2", epochs=3), record("l2", data="parcels")]
    assert [one.title for one in build(records).comparisons] == [
        "documents (epochs=100)",
        "documents (epochs=3)",
        "parcels",
    ]


def test_what_differs_between_runs_is_pointed_at():
    other = record("l2", 1)
    other = dataclasses.replace(
        other, provenance={**other.provenance, "dirty": "d" * 64, "versions": {"torch": "2.14"}}
    )
    assert "Not the same in all runs" not in render(build([record("l2")]), "md")
    text = render(build([record("l2"), other]), "md")
    assert "- Versions: python 3.11.7, torch 2.14 or 2.15.0\n" in text
    assert f"commit {'c' * 12} with uncommitted changes {'d' * 12}" in text
    assert "may come from there: torch, code\n" in text


@pytest.mark.parametrize(
    ("seconds", "unit", "shown"), [(99.6, "s", "100"), (600.0, "min", "10.0"), (9000.0, "h", "2.5")]
)
def test_training_time_has_one_unit_a_table(seconds, unit, shown):
    records = [record("l2", train_s=seconds), record("cosine", form="paper", train_s=None)]
    times = [row[f"training, {unit}"] for row in table(render(build(records), "md"), f"training, {unit}")]
    assert times == [shown, "–"]


@pytest.mark.parametrize(("device", "heading", "shown"), [("cpu", "CPU, s", "90"), ("0", "training, min", "29.0")])
def test_on_a_processor_a_run_costs_processor_time_whatever_pauses_there_were(device, heading, shown):
    paused = record("l2", train_s=1740.0, timing={"cpu_s": 90.0})
    hardware = {**paused.provenance["hardware"], "device": device}
    records = [dataclasses.replace(paused, provenance={**paused.provenance, "hardware": hardware})]
    assert next(row[heading] for row in table(render(build(records), "md"), heading)) == shown


def test_ties_are_in_the_order_of_their_names():
    (comparison,) = build(study(b=[0.5, 0.5], l2=[0.1, 0.1], a=[0.5, 0.5], c=[0.6, 0.6])).comparisons
    assert [row.label for row in comparison.rows] == ["l2", "c", "a", "b"]


@settings(deadline=None)
@given(st.text(min_size=1), st.text())
def test_no_name_and_no_reason_breaks_a_table_or_brings_markup(label, reason):
    nasty = record("x", form="paper", status="failed", reason=reason)
    records = [record("l2"), dataclasses.replace(nasty, label=label)]
    text = render(build(records), "md")
    assert len(table(text, "AP75")) == 2
    assert len(table(text, "run")) == 2
    assert re.search(r"<(?! \d)", text) is None
    assert all(char.isprintable() or char == "\n" for char in text)
    assert text.count("\n- ") == render(build([record("l2"), nasty]), "md").count("\n- ")
    tex = render(build(records), "latex")
    body = tex.split("\\midrule\n")[1].split("\\bottomrule")[0].splitlines()
    assert [len(re.findall(r"(?<!\\)&", line)) for line in body] == [10, 10]
    assert all(line.endswith(r" \\") for line in body)
    assert re.search(r"(?<!\\)[%#_~^]", "".join(body)) is None


def test_a_row_of_latex_never_begins_with_a_bracket():
    assert "\n{}[x] & " in render(build([record("l2"), record("[x]", form="paper")]), "latex")


def test_a_report_reads_records_and_nothing_else():
    """Neither data nor training are known to it, and strategies only when claims ask what a label stands for now."""
    others = {"torch", "strategies", "datasets", "bench.execution", "bench.evaluation", "bench.terminal"}
    assert others.isdisjoint(loaded("import bench.report, bench.report.machine"))


def test_what_runs_share_is_told_once_for_all_seeds_and_counted_once():
    records = []
    for seed in (0, 1):
        ids = {name: record(name, seed, form=form).id for name, form in PARTING}
        for name, form in PARTING:
            shared = {
                other: 50 if "two-stage-50" in (name, title) else 70 for title, other in ids.items() if title != name
            }
            records.append(record(name, seed, form=form, shared=shared, timing={"total_s": 100.0, "saved_s": 60.0}))
    cost = section(render(build(records), "md"), "Cost")
    assert "6 runs, 10.0 min if each had been trained alone; 4.0 min as they shared what they have in common" in cost
    assert "- epochs 1–50 of l2, two-stage-50 (paper), two-stage-70 (paper); seeds 0–1" in cost
    assert "- epochs 1–70 of l2, two-stage-70 (paper); seeds 0–1" in cost
    assert cost.count("- epochs") == 2


PARTING = (("l2", None), ("two-stage-50", "paper"), ("two-stage-70", "paper"))
