"""Hand-made records."""

from __future__ import annotations

import hashlib
from functools import cache

import strategies
from bench.metrics import METRICS
from bench.records import SCHEMA, RunRecord


def record(
    label="l2",
    seed=0,
    ap=0.5,
    form=None,
    status="done",
    reason=None,
    data="documents",
    epochs=100,
    parameters=None,
    train_s=100.0,
    name=None,
    ledger=None,
    replicate=0,
    drawn=None,
    timing=None,
    shared=None,
    source=None,
    model_digest=None,
    **metrics,
):
    """Return a record as a run would have left it.

    `parameters` take the place of those that are registered under its label; without any, as `{}`, it has none at all.
    """
    name = name or label.partition("[")[0]
    settings = {"epochs": epochs, "imgsz": 96, "batch": 16}
    fingerprint = ("f" if data == "documents" else "0") * 64  # the first name has the last fingerprint
    described = {"name": data, "fingerprint": fingerprint, "vertices": 4}
    key = repr((label, seed, form, data, epochs, parameters))
    if replicate or drawn:
        key += repr((replicate, drawn))
    if source or model_digest:
        key += repr((source, model_digest))
    own = {} if parameters == {} else {**registered(label), **(parameters or {})}
    figures = dict.fromkeys(METRICS, 0.0) | {"mAP50_95": ap, "mAP50": min(1.0, 1.5 * ap), "mAP75": ap / 2} | metrics
    return RunRecord(
        schema=SCHEMA,
        id=hashlib.sha256(key.encode()).hexdigest()[:12],
        study="main",
        identity={
            "strategy": {
                "name": name,
                "parameters": own,
                **({"drawn": drawn} if drawn else {}),
                **({"source": source} if source else {}),
            },
            "form": form,
            "data": described,
            "seed": seed,
            "model": "yolo11n-polygon.yaml",
            **({"model_digest": model_digest} if model_digest else {}),
            "settings": settings,
            **({"replicate": replicate} if replicate else {}),
        },
        status=status,
        reason=reason,
        label=label,
        metrics=figures if status == "done" else {},
        timing={"started": "2026-01-01T00:00:00+00:00", "train_s": train_s, "eval_s": 4.0, "total_s": 105.0}
        | (timing or {}),
        provenance={
            "versions": {"python": "3.11.7", "torch": "2.15.0"},
            "commit": "c" * 40,
            "dirty": None,
            "hardware": {"cpu": "A processor", "cores": 2, "device": "cpu", "threads": 1},
            "deterministic": True,
        },
        ledger=ledger or {},
        shared=shared or {},
    )


@cache
def registered(label):
    """Return the parameters of the strategy that is registered under a label; none for a made-up one."""
    try:
        (found,) = strategies.parse(label)
    except strategies.StrategyError:
        return {}
    return found.parameters()


def rescue(by, seed=0, ap=0.4, before=1.0, after=0.0, form="centred", **more):
    """Return the escape test of a strategy: full-image rates when handed over and at the end."""
    given = {"parameters": {"by": by, "at": 0.3}, "stage1_full_image": before, "full_image": after}
    return record(f"rescue[by={by}]", seed, ap, form, **given | more)


def control(of, kind, seed=0, ap=0.5, form="paper", **more):
    """Return a control of a strategy; each seed plays weights of its own."""
    what = {"average": "averaged", "shuffle": "shuffled", "replay": "replayed"}[kind]
    given = {"parameters": {"of": of}, "drawn": {"trajectory": [[0.5, 0.1 * seed]]}}
    return record(f"{of}: {what}", seed, ap, form, name=f"control-{kind}", **given | more)


def study(form="paper", **aps):
    """Return records of strategies by seed: `study(l2=[0.5, 0.6], cosine=[0.7, 0.7])`."""
    return [
        record(label.replace("_", "-"), seed, ap, None if label == "l2" else form)
        for label, values in aps.items()
        for seed, ap in enumerate(values)
        if ap is not None
    ]
