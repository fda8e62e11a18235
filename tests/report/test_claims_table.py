"""The evidence beside a verdict is the part that it hangs on."""

from __future__ import annotations

import random
import re

from bench.manifest import Manifest
from bench.report import build, render

from . import declared
from .reading import plain, section, table
from .samples import record, rescue, study


def claims(records):
    text = plain(render(build(records), "md"))
    return {row["claim"]: row for row in table(section(text, "Claims"), "claim")}


def test_a_choice_is_shown_by_the_part_that_holds():
    records = study(l2=[0.5] * 6)
    for seed in range(6):
        ledger = {"transition_jump": 0.3 + 0.1 * seed, "transition_dip": -0.08 - 0.005 * seed}
        records.append(record("step", seed, 0.5, "paper", ledger=ledger))
    row = claims(records)["Scheduled: step is unstable at its transition"]
    assert row["verdict"].startswith("SUPPORTED")
    assert row["evidence"].startswith("mAP50-95 first measured after the largest change of alpha minus last before it")


def test_a_choice_that_is_refuted_is_shown_by_the_part_that_is_refuted_worst():
    rng = random.Random(1)
    means = {0.1: 0.3, 0.3: 0.4, 0.5: 0.5, 0.7: 0.4, 0.9: 0.45, 0.8: 0.47}
    records = [
        record("static" if alpha == 0.8 else f"static[alpha={alpha}]", seed, ap + rng.gauss(0, 0.005), "paper")
        for alpha, ap in means.items()
        for seed in range(6)
    ]
    row = claims([*records, *study(l2=[0.5] * 6)])["Static: the best α of static is 0.7–0.8"]
    assert row["verdict"].startswith("REFUTED")
    # 0.7 is further from the best than 0.8 is: that 0.8 is not the best either is what the refutation hangs on.
    assert row["evidence"].startswith("mAP50-95: static - static[alpha=0.5] = -0.03")
    assert row["evidence"].endswith("; 7 more parts")


def test_the_first_question_is_not_refuted_by_one_schedule_that_fails():
    records = study(l2=[0.5 + 0.01 * seed for seed in range(8)])
    for seed in range(8):
        records += [rescue(by, seed, 0.35) for by in ("linear", "cosine", "step")]
        records += [rescue("exponential", seed, 0.02, after=1.0), rescue("mgiou", seed, 0.01, after=1.0)]
    told = section(plain(render(build(records), "md")), "The answer")
    assert "1. *Does a hybrid loss get a detector out of MGIoU's bad minima in one training run?* **SUPPORTED**" in told
    assert "linear 8 of 8 (63 % to 100 %)" in told
    assert claims(records)["Escape: scheduled mixes escape the full-image state where MGIoU alone does not"][
        "verdict"
    ].startswith("REFUTED")


def test_detectors_that_leave_the_image_have_not_been_freed():
    hybrids = ("static", "linear", "cosine", "step", "exponential", "adaptive")
    records = study(l2=[0.5] * 8)
    for seed in range(8):
        records += [rescue(by, seed, 0.0, outside=1.0, collapsed=1.0) for by in hybrids]
        records += [rescue("mgiou", seed, 0.01, after=1.0)]
    told = section(plain(render(build(records), "md")), "The answer")
    assert "in one training run?* **REFUTED**: it is not so that a hybrid loss escapes" in told
    assert "cosine 0 of 8" in told


HYBRIDS = ("static", "linear", "cosine", "step", "exponential", "adaptive")


def first_answer(runs, hybrids=HYBRIDS):
    """Return the verdict on the first question and what it rests on; every detector is freed but by MGIoU alone."""
    records = [rescue(by, seed) for by in hybrids for seed in range(runs)]
    records += [rescue("mgiou", seed, after=1.0) for seed in range(runs)]
    report = build([*study(l2=[0.5]), *records])
    told = section(plain(render(report, "md")), "The answer")
    return report.families[0].answers[0].verdict, told.partition("\n2. ")[0]


def test_how_many_runs_would_decide_is_planned_for_the_whole_claim():
    """A choice among six pays for six: what would decide a part does not decide the claim."""
    needed = int(re.search(r"≈ (\d+) such runs of each would decide", first_answer(2)[1])[1])
    verdict, told = first_answer(needed - 1)
    assert verdict == "UNDECIDED"
    assert f"≈ {needed} such runs" in told
    verdict, told = first_answer(needed)
    assert verdict == "SUPPORTED"
    assert "would decide" not in told


def test_a_claim_that_hardly_any_number_of_runs_would_decide_says_so():
    half = [rescue(by, seed, after=float(seed % 2)) for by in (*HYBRIDS, "mgiou") for seed in range(2)]
    told = section(plain(render(build([*study(l2=[0.5]), *half]), "md")), "The answer").partition("\n2. ")[0]
    assert "**UNDECIDED**" in told
    assert "; > 200 such runs of each would decide" in told


def test_how_many_runs_would_decide_is_not_told_while_some_are_missing():
    verdict, told = first_answer(2, HYBRIDS[:3])
    assert verdict == "NOT RUN"
    assert "would decide" not in told


def test_a_sentence_names_the_runs_that_were_lost_and_not_their_partners():
    rng = random.Random(0)
    records = []
    for seed in range(10):
        records.append(record("l2", seed, 0.5 + rng.gauss(0, 0.01)))
        for name in ("static", "linear", "cosine", "step", "exponential", "adaptive"):
            lost = name == "cosine" and seed % 2
            status = "diverged" if lost else "done"
            records.append(record(name, seed, 0.54 + rng.gauss(0, 0.01), "paper", status=status))
    told = section(plain(render(build(records), "md")), "The answer")
    assert "(left out: cosine s1: diverged, cosine s3: diverged, cosine s5: diverged and " in told


def test_runs_of_other_parameters_are_told_where_the_claim_is():
    old = [record("cosine", seed, 0.6, "paper", parameters={"end": 0.3}) for seed in range(3)]
    row = claims([*study(l2=[0.5] * 3, exponential=[0.5, 0.51, 0.52]), *old])[
        "Scheduled: exponential falls too fast and ends below cosine"
    ]
    assert (row["verdict"], row["evidence"]) == ("NOT RUN", "missing: cosine as it is registered now")


def test_what_follows_from_the_losses_alone_is_no_data_sets():
    records = [record("l2", seed, 0.5, data=data) for data in ("documents", "parcels") for seed in range(2)]
    landscape = {"area": 0.62, "tilt": 0.2, "vertices": 4, "box": {"loss": 0.25}}
    text = plain(render(build(records, Manifest(None, "", None, landscape), claims=declared.CLAIMS), "md"))
    told = section(text, "Claims")
    row = table(told, "claim")[0]
    assert (row["verdict"], row["documents"], row["parcels"]) == ("SUPPORTED", "probe", "probe")
    assert row["evidence"] == "probe, loss = 0.25 (said: between 0.2 and 0.3)"
    assert "1 SUPPORTED, 3 NOT RUN; 1 SUPPORTED of these rest on the probe and on no run." in told
    assert "on one target (a square of 62 % of the image, tilted by 0.2 rad, V = 4)" in told


def test_how_a_claim_was_made_testable_stands_beside_it():
    rows = table(section(plain(render(build(study(l2=[0.5]), claims=declared.CLAIMS), "md")), "Claims"), "claim")
    assert [row["how it is tested"] for row in rows[1:3]] == ["as it stands", "the mean of cosine and linear"]
