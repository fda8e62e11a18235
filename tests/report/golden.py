"""A report with something in every section, as `golden.md` has it."""

from __future__ import annotations

from pathlib import Path

from bench.manifest import Manifest
from bench.report import build, render

from .declared import CLAIMS
from .samples import control, record, rescue, study

GOLDEN = Path(__file__).with_name("golden.md")


def golden():
    """Return a report with something in every section."""
    once = {"alpha": 1.0, "share_l2": 1.0, "grad_cosine": 0.3, "conflict": 0.21, "stages": 1.0, "restarts": 0.0}
    records = [
        *study(l2=[0.50, 0.52, 0.48], cosine=[0.60, 0.63, 0.57], mgiou=[0.05, 0.06, 0.05]),
        record("step", 0, form="paper", status="failed", reason="its worker process was ended by SIGKILL"),
        *study(linear=[0.52, 0.50, 0.53], static=[0.56, 0.59]),
        record("static", 2, form="paper", status="diverged", reason="the loss is nan at the end of epoch 7"),
        *(
            record("mgiou-centred", seed, 0.02, "centred", full_image=1.0, bow_tie=0.984, outside=0.002)
            for seed in range(3)
        ),
        record("cosine[end=0.5]", 0, form="paper", status="planned"),
        *(record("adaptive", seed, 0.5, "paper", ledger=once | {"loss_spikes": 1.0}, mAP90=0.1) for seed in range(2)),
        *(rescue("cosine", seed) for seed in range(3)),
        rescue("mgiou", 0, 0.1, after=1.0),
        *(control("cosine", "average", seed, 0.58 + seed / 100) for seed in range(3)),
        record("l2", 0, 0.5, replicate=1),
        *(
            record(label, seed, ap, None if label == "l2" else "paper", data="parcels")
            for label, aps in {"l2": (0.3, 0.31), "cosine": (0.4, 0.42), "linear": (0.28, 0.33)}.items()
            for seed, ap in enumerate(aps)
        ),
    ]
    return build(records, manifest=Manifest("claims", "0123456789ab"), claims=CLAIMS)


def golden_text():
    """Return it as Markdown, without the hash of what is declared.

    The hash also covers what the harness can measure: it may change without this report.
    """
    report = golden()
    return render(report, "md").replace(report.claims, "(hash)")
