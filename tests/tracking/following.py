"""A made-up run that trackers follow, and what they wrote, read back."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import wandb

from bench.tracking import RunInfo, TrackingConfig

from ..report.samples import record

ROW = {
    "epoch": 1,
    "progress": 0.0,
    "alpha": 0.8,
    "w_l2": 0.75,
    "w_mgiou": 0.25,
    "loss": 3.0,
    "loss_l2": 0.5,
    "loss_mgiou": 0.375,
    "grad_l2": 0.01,
    "grad_mgiou": 0.02,
    "grad_cosine": -0.5,
}
MEASURED = {"mAP50_95": 0.25, "full_image": 0.5}


def info(id="abc123abc123", study="main", label="static[alpha=0.5]", **changes):
    """Return a run; what is changed is a part of its identity."""
    identity = {
        "strategy": {"name": "static", "parameters": {"alpha": 0.5}},
        "form": "paper",
        "data": {"name": "documents", "fingerprint": "f00d", "vertices": 4},
        "seed": 3,
        "model": "yolo11n-polygon.yaml",
        "settings": {"epochs": 2},
    }
    return RunInfo(id, study, label, identity | changes)


def data(name):
    """Return the part of an identity that says on which data a run is."""
    return {"name": name, "fingerprint": "f00d", "vertices": 4}


def config(folder, wandb="off", tensorboard=False):
    return TrackingConfig(wandb=wandb, tensorboard=tensorboard, folder=folder)


def rows(epochs=2):
    """Return rows whose alpha is 1 / epoch; the last is measured."""
    return [
        {**ROW, "epoch": epoch, "alpha": 1 / epoch, **(MEASURED if epoch == epochs else {})}
        for epoch in range(1, epochs + 1)
    ]


def follow(tracker, epochs=2, samples=None, **ending):
    """Tell a tracker of a run from beginning to end."""
    for row in rows(epochs):
        tracker.log_epoch(row)
        if samples is not None and "mAP50_95" in row:
            tracker.log_samples(row["epoch"], samples)
    tracker.finish(record("static[alpha=0.5]", seed=3, ap=0.25, **ending))


def said(caplog):
    """Return the warnings of this project, without W&B's own log."""
    ours = [entry for entry in caplog.records if entry.name == "bench.tracking"]
    return [entry.getMessage() for entry in ours if entry.levelno >= logging.WARNING]


def read_back(folder):
    """Return every offline run in a folder, read by W&B's own reader: its records by type, by run id."""
    wandb.teardown()  # an offline run's end does not wait for the file
    runs = {}
    for path in sorted((folder / "wandb").glob("offline-run-*/run-*.wandb")):
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
        told = subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        records = {}
        for line in told.stdout.splitlines():
            one = json.loads(line)
            records.setdefault(one["type"], []).append(one[one["type"]])
        records["folder"] = path.parent
        assert records["run"][0]["run_id"] not in runs, "two files of one run"
        runs[records["run"][0]["run_id"].removesuffix("-main")] = records
    return runs


def summary(run):
    return {name: value for one in run["summary"] for name, value in one["update"].items()}


def history(run):
    """Return the logged columns by epoch, without W&B's own."""
    items = [one["item"] for one in run["history"]]
    return [{name: value for name, value in item.items() if not name.startswith("_")} for item in items]
