"""`bench claims` gives the verdicts that the report gives."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bench.claims import fingerprints
from bench.claims.show import to_json, to_rows, to_text
from bench.manifest import Manifest
from bench.report import build
from bench.report.method import claims_set

from ..report.declared import CLAIMS
from ..report.samples import record

BEATS = CLAIMS[2]


def worse_on_parcels(claims=CLAIMS, data=("documents", "parcels")):
    """Return a report in which the mixes beat L2 on one data set and not on the other."""
    manifest = Manifest("core", "0123456789ab", claims_by_key={**fingerprints(claims), BEATS.key: "as it was before"})
    sign = {"documents": 1, "parcels": -1}
    records = [
        record(label, seed, 0.5 + 0.01 * seed + lead * sign[one] * (1 + seed / 10), form, data=one)
        for one in data
        for label, form, lead in (("l2", None, 0), ("cosine", "paper", 0.1), ("linear", "paper", 0.1))
        for seed in range(3)
    ]
    return build(records, manifest, claims=claims)


@pytest.fixture
def told():
    report = worse_on_parcels()
    return to_text(report, claims_set(report))


def test_the_verdict_over_all_data_sets_comes_first(told):
    together, _, alone = told.partition("\n\ndocuments: ")
    documents, _, parcels = alone.partition("\n\nparcels: ")
    assert "\nover 2 data sets together (documents, parcels): " in together
    assert f"  REFUTED    {BEATS.text}\n" in together
    assert "             - documents SUPPORTED, parcels REFUTED\n" in together
    assert "runs: " not in together
    assert f"  SUPPORTED  {BEATS.text}\n" in documents
    assert f"  REFUTED    {BEATS.text}\n" in parcels


def test_the_verdict_together_is_marked_where_it_stands_by_itself_only():
    many = (*CLAIMS, *(dataclasses.replace(BEATS, key=f"again-{i}") for i in range(40)))
    report = worse_on_parcels(many)
    assert not report.families[0].judgements[2].holds_among_all
    together = to_text(report, "").partition("\n\ndocuments: ")[0]
    assert f"  REFUTED    {BEATS.text}, not after Holm over all claims\n" in together


def test_one_data_set_is_not_put_together():
    report = worse_on_parcels(data=("documents",))
    assert "together" not in to_text(report, claims_set(report))


def test_claims_that_were_changed_after_the_study_began_are_named(told):
    assert told.startswith("The claims were changed after the study began: they were 0123456789ab then and are ")
    assert f"Runs may have been seen before these were put: {BEATS.text}." in told


def test_a_program_is_told_the_same():
    report = worse_on_parcels()
    found = json.loads(to_json(report))
    (family,) = found["families"]
    assert family["members"] == ["documents", "parcels"]
    assert [one["verdict"] for one in family["judgements"]] == [one.verdict for one in report.families[0].judgements]
    assert (found["claims"], found["declared"], found["changed"]) == (report.claims, "0123456789ab", [BEATS.text])
    assert [one["title"] for one in found["comparisons"]] == ["documents", "parcels"]


def test_a_table_has_the_verdicts_together_first():
    report = worse_on_parcels()
    found = [
        (row["comparison"], row["verdict"], row["evidence"]) for row in to_rows(report) if row["claim"] == BEATS.text
    ]
    assert found[0] == (
        "over 2 data sets together (documents, parcels)", "REFUTED", "documents SUPPORTED, parcels REFUTED",
    )  # fmt: skip
    assert [one[:2] for one in found[1:]] == [("documents", "SUPPORTED"), ("parcels", "REFUTED")]
    assert len(to_rows(report)) == 3 * len(CLAIMS)
    assert len(to_rows(worse_on_parcels(data=("documents",)))) == len(CLAIMS)


def test_a_claim_is_shown_in_words_that_need_no_other():
    leaning = dataclasses.replace(BEATS, text="so does two-stage", in_full="two-stage escapes")
    report = worse_on_parcels((*CLAIMS[:2], leaning, CLAIMS[3]))
    assert report.changed == ("two-stage escapes",)
    told = to_text(report, claims_set(report))
    assert told.count("  two-stage escapes\n") == 3
    assert "so does" not in told
    assert {row["claim"] for row in to_rows(report)} >= {"two-stage escapes"}
    said = json.loads(to_json(report))["comparisons"][0]["judgements"][2]
    assert (said["text"], said["in_full"]) == ("so does two-stage", "two-stage escapes")
