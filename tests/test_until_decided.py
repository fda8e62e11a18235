"""Which seeds `--until-decided` adds."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

import strategies
from bench.execution import session
from bench.follow_up import FollowUp
from bench.follow_up.until_decided import next_pairs
from bench.report import build
from bench.study import Run
from tests.report.samples import record

DATA = {"name": "documents", "fingerprint": "f" * 64, "vertices": 4}
SETTINGS = {"epochs": 100, "imgsz": 96, "batch": 16}


def run(text, seed, form="paper", **changes):
    (strategy,) = strategies.parse(text)
    form = form if strategy.forms else None
    given = {"data": DATA, "model": "yolo11n-polygon.yaml", "settings": SETTINGS, **changes}
    return Run(strategy, form, given["data"], seed, given["model"], given["settings"])


def recorded(one, ap, **more):
    """Return the record that a run leaves."""
    found = record(one.label, one.seed, ap, one.form, name=one.strategy.name, **more)
    return replace(found, id=one.id, identity=one.identity)


def noisy(texts, seeds=3, **more):
    """Return runs by strategy and seed, and records of them whose differences are undecided."""
    rng = random.Random(2)
    runs = [run(text, seed) for seed in range(seeds) for text in texts]
    return runs, [recorded(one, 0.5 + rng.gauss(0, 0.02), **more) for one in runs]


def added(runs, records, max_seeds=10):
    return sorted((one.label, one.seed) for one in next_pairs(runs, build(records), max_seeds))


def test_what_is_undecided_gets_a_seed_and_so_does_the_reference():
    runs, records = noisy(["l2", "cosine"])
    assert added(runs, records) == [("cosine", 3), ("l2", 3)]
    assert added(runs, records, max_seeds=3) == []


def test_what_is_decided_gets_none():
    runs, records = noisy(["l2", "cosine"])
    clear = [run("linear", seed) for seed in range(3)]
    records += [recorded(one, records[2 * one.seed].metrics["mAP50_95"] - 0.3 + one.seed / 1e4) for one in clear]
    assert added([*runs, *clear], records) == [("cosine", 3), ("l2", 3)]


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_after_a_seed_that_was_lost_comes_the_next(status):
    runs, records = noisy(["l2", "cosine", "linear"])
    lost = runs.index(next(one for one in runs if (one.label, one.seed) == ("cosine", 2)))
    records[lost] = recorded(runs[lost], 0.5, status=status)
    assert added(runs, records) == [("cosine", 3), ("l2", 3), ("linear", 3)]


def test_a_strategy_whose_default_has_changed_goes_on_beside_what_is_left_of_the_old_one():
    runs, records = noisy(["l2", "cosine"])
    old = [run("cosine[end=0.3]", seed) for seed in range(3)]
    before = [replace(recorded(one, 0.5 + one.seed**2 / 100), label="cosine") for one in old]
    report = build([*records, *before])
    assert {row.name for row in report.comparisons[0].rows} >= {
        "cosine with end=0.2 (paper)",
        "cosine with end=0.3 (paper)",
    }
    assert added(runs, [*records, *before]) == [("cosine", 3), ("l2", 3)]
    now_clear = [
        recorded(one, records[2 * one.seed].metrics["mAP50_95"] - 0.3 + one.seed / 1e4) if one.label != "l2" else found
        for one, found in zip(runs, records, strict=True)
    ]
    assert added(runs, [*now_clear, *before]) == [], "what is open is of the old one alone"


def test_runs_with_other_settings_call_for_nothing_here():
    runs, records = noisy(["l2", "cosine"])
    decided = [recorded(one, 0.7 + one.seed**2 / 1e4 if one.label == "cosine" else 0.5) for one in runs]
    shorter = [run(one.label, one.seed, settings={**SETTINGS, "epochs": 50}) for one in runs]
    others = [recorded(one, found.metrics["mAP50_95"]) for one, found in zip(shorter, records, strict=True)]
    assert added(runs, [*decided, *others]) == []
    assert added([*runs, *shorter], [*decided, *others]) == [("cosine", 3), ("l2", 3)]


def test_what_is_the_same_at_every_seed_is_not_waited_for():
    """Neither a row nor a claim: adaptive without smoothing never changes alpha here, and beats l2 beyond doubt."""
    rng = random.Random(0)
    runs = [run(text, seed) for seed in range(5) for text in ("l2", "adaptive[smoothing=0]", "linear")]
    records = [
        recorded(
            one,
            0.8 + rng.gauss(0, 0.01) if one.label.startswith("adaptive") else 0.5 + one.seed / 16,
            ledger={"alpha_step": 0.0} if one.label.startswith("adaptive") else {},
        )
        for one in runs
    ]
    (comparison,) = build(records).comparisons
    claim = next(one for one in comparison.judgements if "oscillates without smoothing" in one.claim.text)
    assert claim.verdict == "UNDECIDED"
    assert {row.label: row.kept_open_by for row in comparison.rows}["linear"] == "no spread"
    waited = next_pairs([one for one in runs if one.label != "linear"], build(records), 100)
    assert [one.label for one in waited] == []
    assert ("linear", 5) not in added(runs, records)


def test_no_seeds_are_added_for_what_lost_runs_and_is_ahead():
    rng, ap = random.Random(0), {"l2": 0.5, "linear": 0.8, "step": 0.2}
    runs = [run(text, seed) for seed in range(5) for text in ap]
    records = []
    for one in runs:
        status = "diverged" if one.seed == 4 and one.label != "l2" else "done"
        records.append(recorded(one, ap[one.label] + rng.gauss(0, 0.01), status=status))
    (comparison,) = build(records).comparisons
    rows = {row.label: (row.verdict, row.kept_open_by) for row in comparison.rows if not row.reference}
    assert rows == {"linear": ("UNDECIDED", "lost runs"), "step": ("worse", "")}
    assert ("linear", 5) not in added(runs, records)


def follow(statuses_of, follow_up, runs, monkeypatch, tmp_path):
    """Return how a study ends whose runs end as told, without carrying any out."""
    monkeypatch.setattr(
        session, "_carry_out", lambda batch, options, repeat: ({one.id: statuses_of(one) for one in batch}, False)
    )
    options = session.Options(
        folder=tmp_path, study="main", sources={}, device="cpu", workers=1, threads=1, val_every=1, snapshot_every=1,
        plugins=(), tracking=None, fresh=False,
    )  # fmt: skip
    return session.carry_out_study(runs, options, follow_up)


def test_a_study_is_followed_beyond_a_seed_that_diverged(monkeypatch, tmp_path):
    monkeypatch.setattr("bench.follow_up.follow_up.load_report", lambda folder: report)
    runs, records = noisy(["l2", "cosine"])
    report = build(records)
    ending = follow(
        lambda one: "diverged" if (one.label, one.seed) in {("cosine", 2), ("cosine", 4)} else "done",
        FollowUp(tmp_path, controls=False, max_seeds=6),
        runs,
        monkeypatch,
        tmp_path,
    )
    assert ending.statuses == Counter(done=10, diverged=2)


def test_what_is_called_for_is_told_of_the_runs_that_are_done_and_of_those_that_were_lost(monkeypatch, tmp_path):
    fates = ["done", "diverged", "failed", "interrupted"]
    runs = [run("l2", seed) for seed in range(4)]
    told = []

    def follow_up(done, lost):
        told.append(([one.seed for one in done], [one.seed for one in lost]))
        return runs  # all of them are planned: nothing new

    follow(lambda one: fates[one.seed], follow_up, runs, monkeypatch, tmp_path)
    assert told == [([0], [1, 2])]
