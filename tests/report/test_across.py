"""Several data sets together."""

from __future__ import annotations

import dataclasses

import pytest

from bench.report import build, render

from .declared import CLAIMS
from .reading import plain, section, table
from .samples import record


def both(documents, parcels, labels=("l2", "cosine"), **more):
    """Return records on two data sets: `documents` and `parcels` are figures by label and seed."""
    return [
        record(label, seed, ap, None if label == "l2" else "paper", data=data, **more)
        for data, figures in (("documents", documents), ("parcels", parcels))
        for label, aps in zip(labels, figures, strict=True)
        for seed, ap in enumerate(aps)
        if ap is not None
    ]


CLEAR = both(([0.50, 0.52, 0.48], [0.60, 0.63, 0.57]), ([0.30, 0.31, 0.29], [0.34, 0.36, 0.33]))


def family(records):
    (found,) = build(records).families
    return found


def test_the_unit_is_the_mean_over_data_sets_at_a_seed():
    (row,) = family(CLEAR).combined
    assert row.per_data_set == pytest.approx((0.10, 0.13 / 3))
    assert row.difference.by_seed == pytest.approx({0: 0.07, 1: 0.08, 2: 0.065})
    assert row.verdict == "better"


def test_only_seeds_that_all_data_sets_have_count():
    records = both(([0.5, 0.5, 0.4], [0.6, 0.7, 0.6]), ([0.3, 0.3, 0.3], [0.4, None, 0.5]))
    (row,) = family(records).combined
    assert list(row.difference.by_seed) == [0, 2]
    assert row.per_data_set == pytest.approx((0.15, 0.15))


def test_opposite_results_do_not_add_up_to_a_verdict():
    records = both(([0.5, 0.52, 0.48], [0.6, 0.63, 0.57]), ([0.5, 0.52, 0.48], [0.4, 0.43, 0.38]))
    first, second = (one.rows[1].verdict for one in build(records).comparisons)
    assert (first, second) == ("better", "worse")
    assert family(records).combined[0].verdict == "UNDECIDED"


def test_what_cancels_leaves_no_difference_to_judge():
    """-0.02 and 0.02 do not cancel to the last bit; what is left has no sign worth a verdict."""
    records = both(([0.5, 0.52, 0.47], [0.52, 0.5, 0.5]), ([0.3, 0.31, 0.33], [0.28, 0.33, 0.3]))
    found = family(records)
    assert found.combined[0].difference.by_seed == {0: 0.0, 1: 0.0, 2: 0.0}
    assert found.combined[0].verdict == "UNDECIDED"
    assert found.best.why == "cosine (paper), l2 tie for the highest"


def test_what_is_not_on_all_data_sets_is_left_out_and_named():
    records = [*CLEAR, record("step", 0, 0.9, "paper")]
    found = family(records)
    assert [row.label for row in found.combined] == ["cosine"]
    assert "not on all of them, and left out: step (paper)" in found.combined_note
    assert found.best.names == ("cosine (paper)",)  # among what is on all of them


def test_lost_runs_are_told_and_no_verdict_is_for_who_has_them():
    lost = record("cosine", 3, form="paper", status="diverged", data="parcels")
    found = family([*CLEAR, lost])
    (row,) = found.combined
    assert (row.verdict, row.kept_open_by) == ("UNDECIDED", "lost runs")
    assert "without the seeds at which runs diverged or failed: cosine (paper)" in found.combined_note
    assert found.best.why.endswith("but lost runs")
    behind = family([*CLEAR, record("l2", 3, status="failed", data="parcels")])
    assert behind.combined[0].verdict == "better"
    assert "without the seeds at which runs diverged or failed: l2" in behind.combined_note


def test_strategies_are_told_by_their_parameters_and_not_by_the_names_of_their_rows():
    """One old run with another default makes two rows on its data set, whose names say how they differ."""
    old = record("cosine", 0, 0.1, "paper", parameters={"end": 0.4})
    found = family([*CLEAR, old])
    assert found.combined[0].difference == family(CLEAR).combined[0].difference
    assert [row.name for row in found.combined] == ["cosine with end=0.2 (paper)"]
    assert found.best.names == ("cosine with end=0.2 (paper)",)
    assert "left out: cosine with end=0.4 (paper)" in found.combined_note


def test_what_has_one_name_and_two_defaults_is_not_combined():
    documents = [one for one in CLEAR if one.identity["data"]["name"] == "documents"]
    parcels = [record("l2", seed, 0.3 + seed / 50, data="parcels") for seed in range(3)]
    parcels += [record("cosine", seed, 0.4, "paper", data="parcels", parameters={"end": 0.4}) for seed in range(3)]
    found = family([*documents, *parcels])
    assert found.combined == ()
    assert "no strategy has a seed in common with l2 on all 2 data sets" in found.combined_note


def test_a_sweep_is_combined_with_one_among_other_strategies():
    """Where all but the reference are variants they are the comparison; here they are so on one of the two."""
    sweep = "static[alpha=0.5]"
    records = both(([0.50, 0.52, 0.48], [0.60, 0.63, 0.57]), ([0.30, 0.31, 0.29], [0.34, 0.36, 0.33]), ("l2", sweep))
    (row,) = family([*records, record("cosine", 0, 0.3, "paper", data="parcels")]).combined
    assert (row.label, row.table, row.verdict) == (sweep, "core", "better")


def test_it_says_for_what_it_speaks():
    text = plain(render(build(CLEAR), "md"))
    told = section(text, "Data sets together")
    assert "1 of 1 differences to l2 are decided (better than l2: cosine (paper))" in told
    assert "each data set weighs alike" in told
    assert "this speaks for these data sets alone" in told
    (row,) = table(told, "documents")
    assert (row["documents"], row["parcels"]) == ("+0.100", "+0.043")
    assert "Best in mAP50-95 over 2 data sets: **cosine (paper)**" in section(text, "The answer")


def test_other_settings_are_not_combined():
    records = [record(label, epochs=epochs) for label in ("l2", "cosine") for epochs in (3, 100)]
    report = build(records)
    assert [one.title for one in report.families] == ["epochs=100", "epochs=3"]
    assert not any(one.combined or one.combined_note for one in report.families)
    text = plain(render(report, "md"))
    assert "each model and setting has one data set" in section(text, "Data sets together")
    assert section(text, "The answer").count("1. *") == 2


def in_bf16(one):
    """Return a record as if it had been made in bfloat16."""
    settings = {**one.identity["settings"], "amp": "bf16"}
    return dataclasses.replace(one, id="b" + one.id[1:], identity={**one.identity, "settings": settings})


def test_data_sets_in_two_number_formats_are_combined_and_it_is_said():
    found = family([in_bf16(one) if one.identity["data"]["name"] == "parcels" else one for one in CLEAR])
    assert (found.best, found.answers) == (family(CLEAR).best, family(CLEAR).answers)
    assert [row.difference for row in found.combined] == [row.difference for row in family(CLEAR).combined]
    assert "each pair in one: amp=False on documents; amp=bf16 on parcels." in found.combined_note
    assert "number format" not in family(CLEAR).combined_note


def test_a_data_set_in_two_number_formats_counts_once():
    found = family([*CLEAR, *(in_bf16(one) for one in CLEAR if one.seed == 0)])
    assert found.members == ("documents (no amp)", "parcels (no amp)")
    assert found.outdated == ("documents (amp=bf16)", "parcels (amp=bf16)")
    assert found.combined == family(CLEAR).combined
    assert "number format" not in found.combined_note


def test_claims_must_hold_on_all_data_sets():
    records = both(
        ([0.50, 0.52, 0.48], [0.60, 0.63, 0.57], [0.60, 0.63, 0.57]),
        ([0.50, 0.52, 0.48], [0.51, 0.50, 0.50], [0.51, 0.50, 0.50]),
        ("l2", "cosine", "linear"),
    )
    text = plain(render(build(records, claims=CLAIMS), "md"))
    (row,) = [row for row in table(section(text, "Claims"), "claim") if "beats L2" in row["claim"]]
    assert (row["documents"], row["parcels"], row["verdict"]) == ("SUPPORTED", "UNDECIDED", "UNDECIDED")
    told = section(text, "The answer")
    assert "documents: SUPPORTED, difference in mAP50-95 = +0.100" in told
    assert "parcels: UNDECIDED, difference in mAP50-95 = +0.003" in told
