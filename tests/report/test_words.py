"""What the report says of awkward records: the words, not only the numbers."""

from __future__ import annotations

import dataclasses
import re

from bench.claims import fingerprints
from bench.manifest import Manifest
from bench.report import build, render

from .declared import CLAIMS
from .reading import plain, section, table
from .samples import control, record, rescue, study

CLEAR = study(l2=[0.50, 0.52, 0.48], cosine=[0.60, 0.63, 0.57])


def markdown(records, **more):
    return plain(render(build(records, **more), "md"))


def answer(records, **more):
    return section(markdown(records, **more), "The answer")


def test_the_sections_stand_in_their_order():
    text = markdown(CLEAR)
    assert re.findall(r"^## (\d+\. .*)$", text, re.MULTILINE) == [
        "1. The answer",
        "2. Comparison",
        "3. Claims",
        "4. Criteria",
        "5. Gradient ledger",
        "6. Data sets together",
        "7. Failures",
        "8. Cost",
        "9. Method and limits",
        "10. Provenance",
    ]


def test_a_tie_names_nobody():
    tied = study(l2=[0.5, 0.52, 0.48], cosine=[0.6, 0.62, 0.58], linear=[0.6, 0.62, 0.58])
    told = answer(tied)
    assert "No strategy is named best in mAP50-95: cosine (paper), linear (paper) tie for the highest." in told
    assert "Best in" not in told
    assert "**SUPPORTED**" not in told


def test_the_best_is_named_when_it_beats_every_other_and_not_before():
    clear = [*CLEAR, *study(linear=[0.55, 0.57, 0.53])]
    told = answer(clear)
    assert "Best in mAP50-95: **cosine (paper)**, which beats all 2 others (paired t, Holm)." in told
    close = [*CLEAR, *study(linear=[0.61, 0.62, 0.56])]
    told = answer(close)
    assert "cosine (paper) has the highest, but is not shown to beat linear (paper) (paired t, Holm)" in told
    assert "Best in" not in told


def test_the_best_is_not_named_on_what_is_left_of_its_runs():
    lost = record("cosine", 3, form="paper", status="diverged")
    told = answer([*CLEAR, record("l2", 3, 0.51), lost])
    assert "No strategy is named best in mAP50-95: cosine (paper) has the highest and beats l2, but lost runs." in told


def test_one_seed_names_nobody_and_decides_nothing():
    told = answer(study(l2=[0.1], cosine=[0.9], linear=[0.8]), claims=CLAIMS)
    assert "No strategy is named best" in told
    assert "**UNDECIDED**: these runs do not tell whether a hybrid loss beats L2 alone" in told
    assert "difference in mAP50-95 = +0.750, 1 seed\n" in told
    assert "SUPPORTED" not in told


def test_missing_seeds_are_told_where_the_claim_is():
    records = study(l2=[0.5, 0.52, 0.48], cosine=[0.6, None, 0.57], linear=[0.6, 0.61, 0.58])
    told = answer(records, claims=CLAIMS)
    assert "2 seeds" in told
    assert "left out: linear s1: no pair, l2 s1: no pair" in told


def test_a_collapsed_run_stays_in_the_figures_and_is_shown():
    records = study(l2=[0.5, 0.52, 0.48], cosine=[0.6, 0.63]) + [record("cosine", 2, 0.0, "paper", full_image=1.0)]
    text = markdown(records)
    (row,) = [row for row in table(section(text, "Comparison"), "AP75") if row["strategy"] == "cosine"]
    assert row["mAP50-95"].startswith("0.410")
    assert row["full-image"] == "33 %"
    (row,) = [row for row in table(section(text, "Criteria"), "robustness: worst seed") if row["strategy"] == "cosine"]
    assert row["robustness: worst seed"] == "0.000 (seed 2 of 3)"
    assert "Best in" not in text


def test_a_failed_strategy_is_in_failures_and_wins_nothing():
    lost = [record("step", seed, form="paper", status="failed", reason="boom") for seed in range(3)]
    text = markdown([*CLEAR, *lost])
    told = "Best in mAP50-95: **cosine (paper)**, which beats l2 (paired t, Holm); not in this, without a figure: step"
    assert told in section(text, "The answer")
    assert "step (paper): 3 of 3 diverged or failed, 100 % (95 % interval 29 % to 100 %)" in section(text, "Failures")
    (row,) = [row for row in table(section(text, "Criteria"), "robustness: worst seed") if row["strategy"] == "step"]
    assert row["robustness: worst seed"] == "failed (seed 0)"
    assert {row["winner"] for row in table(section(text, "Criteria"), "winner")}.isdisjoint({"step (paper)"})
    assert "all runs, " in section(text, "Cost")


def test_lost_runs_outside_the_tables_are_told_as_well():
    lost = dataclasses.replace(rescue("cosine", 1), status="diverged", reason="the loss is nan")
    assert f"rescue[by=cosine] (centred), seed 1, run {lost.id}: diverged: the loss is nan" in section(
        markdown([*CLEAR, lost]), "Failures"
    )


def test_what_no_run_tells_is_said_to_be_missing_with_the_command_that_tells_it():
    told = answer(CLEAR, claims=CLAIMS)
    assert "**NOT RUN**: runs are missing to tell whether a hybrid loss escapes where MGIoU alone does not" in told
    assert "missing: rescue[by=cosine] (centred), rescue[by=mgiou] (centred)" in told
    assert "(python -m bench run --suite claims runs them)" in told


def test_the_first_sentence_counts_the_detectors_that_were_freed():
    stuck = [rescue("cosine", seed) for seed in range(9)]
    stuck += [rescue("mgiou", seed, after=1.0) for seed in range(9)]
    told = answer([*CLEAR, *stuck], claims=CLAIMS)
    assert "**SUPPORTED**: a hybrid loss escapes where MGIoU alone does not.\n" in told
    assert (
        "   - freed of those stuck, and mean mAP50-95 of the freed at the end: "
        "cosine 9 of 9 (66 % to 100 %), 0.400; mgiou 0 of 9 (0 % to 34 %)\n" in told
    )


def test_runs_that_share_what_they_lack_are_told_as_one():
    labels = ("cosine", "linear", "step", "exponential")
    tests = [rescue(by, seed, before=float(seed < 2)) for by in (*labels, "mgiou") for seed in range(3)]
    told = section(markdown([*CLEAR, *tests]), "The answer")
    assert "(left out: 5 runs of seed 2: not stuck in full-image boxes)" in told


def test_a_refuted_claim_is_not_worded_as_if_it_held():
    worse = study(l2=[0.5, 0.52, 0.48], cosine=[0.4, 0.42, 0.37], linear=[0.4, 0.43, 0.38])
    told = answer(worse, claims=CLAIMS)
    assert "**REFUTED**: it is not so that a hybrid loss beats L2 alone.\n" in told
    assert re.search(r"difference in mAP50-95 = -0\.100 \[-0\.\d+, -0\.\d+\], 3 seeds", told)


def test_a_verdict_that_does_not_stand_among_all_claims_says_so():
    slight = study(l2=[0.5, 0.52, 0.48], cosine=[0.53, 0.56, 0.505], linear=[0.53, 0.56, 0.505])
    many = (*CLAIMS, *(dataclasses.replace(CLAIMS[2], key=f"again-{i}") for i in range(30)))
    told = answer(slight, claims=many)
    assert "**SUPPORTED**: a hybrid loss beats L2 alone" in told
    assert "5 % is the error rate of this claim alone, and is not kept over all 34 claims (Holm)" in told
    claims = section(markdown(slight, claims=many), "Claims")
    verdicts = [row["verdict"] for row in table(claims, "claim")]
    count = verdicts.count("SUPPORTED (not after Holm)")
    assert count == 31
    assert "SUPPORTED" not in verdicts
    assert f"; {count} SUPPORTED of these hold only by themselves, not among all 34 (Holm).\n" in claims
    assert "by themselves" not in section(markdown(slight, claims=CLAIMS), "Claims")


def test_claims_that_were_changed_after_the_runs_began_are_pointed_at():
    now = build(CLEAR, claims=CLAIMS).claims
    told = section(markdown(CLEAR, claims=CLAIMS, manifest=Manifest("core", "0123456789ab")), "Claims")
    assert f"they were 0123456789ab then and are {now} now" in told
    told = section(markdown(CLEAR, claims=CLAIMS, manifest=Manifest("core", now)), "Claims")
    assert told.startswith(f"Claims {now}, as they were declared when the study began.")
    told = section(markdown(CLEAR, claims=CLAIMS), "Claims")
    assert told.startswith(f"Claims {now}; whether they were declared before these runs is not on record.")


def test_one_look_costs_nothing():
    once, never = (build(CLEAR, manifest=Manifest(None, "", looks)) for looks in ((3, 3), None))
    assert (once.looks, once.comparisons) == (None, never.comparisons)


def test_claims_that_were_changed_or_added_are_named():
    then = fingerprints(CLAIMS)

    def told(claims_by_key):
        manifest = Manifest("core", "0123456789ab", claims_by_key=claims_by_key)
        return section(markdown(CLEAR, claims=CLAIMS, manifest=manifest), "Claims")

    changed = told({**{key: then[key] for key in [*then][1:]}, CLAIMS[1].key: "abcdef012345"})
    assert (
        f"before these were put: {CLAIMS[0].text}; {CLAIMS[1].text}. All others are as they were declared." in changed
    )
    assert "as they were declared: others were taken away." in told({**then, "gone": "abcdef012345"})


def test_a_claim_that_needs_no_run_is_judged_by_the_manifest():
    manifest = Manifest("core", "", None, {"box": {"loss": 0.25}})
    verdicts = table(section(markdown(CLEAR, claims=CLAIMS, manifest=manifest), "Claims"), "claim")
    assert verdicts[0]["verdict"] == "SUPPORTED"
    assert "loss = 0.25 (said: between 0.2 and 0.3)" in verdicts[0]["evidence"]


def test_looking_after_every_seed_makes_verdicts_harder_and_is_told():
    records = study(l2=[0.50, 0.52, 0.48], a=[0.55, 0.59, 0.52])
    once, often = build(records), build(records, manifest=Manifest(None, "", (2, 9)))
    assert [report.comparisons[0].rows[1].verdict for report in (once, often)] == ["better", "UNDECIDED"]
    looked, said = (
        markdown(records, manifest=Manifest(None, "", (2, 9))),
        "the verdicts may have been looked at after each",
    )
    assert f"{said}, from 2 seeds to at most 9" in section(looked, "Method and limits")
    assert said not in markdown(records)


def test_claims_pay_for_the_looks_too():
    records = study(l2=[0.5, 0.52, 0.48], cosine=[0.53, 0.56, 0.50], linear=[0.53, 0.56, 0.505])
    assert "**SUPPORTED**: a hybrid loss beats L2 alone" in answer(records, claims=CLAIMS)
    told = answer(records, claims=CLAIMS, manifest=Manifest(None, "", (2, 20)))
    assert "**UNDECIDED**: these runs do not tell whether a hybrid loss beats L2 alone" in told


def test_old_records_are_said_to_lack_what_they_lack():
    text = markdown(CLEAR)
    assert section(text, "Gradient ledger").startswith("Not on record")
    assert "Noise of the machine itself: not on record" in text
    assert "Whether the seeds or the validation images limit the precision is not on record." in text
    assert "There is nothing to combine: one data set." in text
    told = next(line for line in section(text, "Criteria").splitlines() if line.startswith("Not on record"))
    for heading in ("ease: commands", "escape rate", "loss spikes", "worst data set", "sensitivity", "recovery"):
        assert heading in told


def test_every_run_of_every_kind_leads_to_its_folder():
    records = [
        *CLEAR,
        *study(**{"cosine[end=0.5]": [0.5]}),
        rescue("cosine"),
        control("cosine", "average"),
        record("l2", 0, 0.5, replicate=1),
    ]
    runs = {row["run"] for row in table(section(markdown(records), "Provenance"), "run")}
    assert runs == {one.id for one in records}


def test_rows_that_are_the_same_runs_are_pointed_at():
    same = study(l2=[0.50, 0.52], adaptive=[0.6, 0.7], static=[0.6, 0.7], cosine=[0.6, 0.71], step=[0.0, 0.0])
    told = section(markdown([*same, *study(exponential=[0.0, 0.0])]), "Comparison")
    assert told.count("The same at every seed") == 1
    assert "to the last digit: adaptive (paper) and static (paper). What tells these strategies apart had no" in told


def test_degenerate_runs_say_in_what():
    runs = [record("mgiou", seed, 0.5, "paper", bow_tie=rate) for seed, rate in enumerate((0.9, 0.6, 0.2))]
    told = section(markdown([*CLEAR, *runs]), "Failures")
    assert "mgiou (paper): 2 of 3 ended in a degenerate shape on most images (bow tie 2), 67 % (95 % interval" in told
