"""What a report says, before it is put into words or columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.statistics import PairedDifference

REFERENCE = "l2"
"""The strategy every difference is taken to."""

COLUMNS = (
    "mAP50",
    "mAP50_95",
    "mAP75",
    "mAP90",
    "ring_mAP50",
    "ring_mAP50_95",
    "ring_mAP75",
    "box_mAP50_95",
    "full_image",
    "bow_tie",
    "collapsed",
    "outside",
    "no_prediction",
)
"""The figures that a row gives the mean of."""


@dataclass(frozen=True)
class Seed:
    """One run of a row: where its figure comes from."""

    seed: int
    run_id: str
    status: str
    reason: str | None
    mAP50_95: float | None
    difference: float | None


@dataclass(frozen=True)
class Row:
    """One strategy in one MGIoU form.

    Attributes:
        label: of the strategy.
        form: None where the strategy gives MGIoU no weight.
        statuses: how many runs have each status.
        means: of `COLUMNS` over the runs that are done; empty when none is.
        sd: standard deviation of mAP50-95 over seeds; None with fewer than two.
        difference: of mAP50-95 to `REFERENCE`, paired by seed; None for the reference, and where no pair is done.
        adjusted_p: Holm's p-value across the table's rows; None where there is none.
        verdict: `better`, `worse` or `UNDECIDED` than the reference; empty for the reference and where no pair is done.
        train_s: mean seconds a run took to train.
        seeds: every run.
    """

    label: str
    form: str | None
    statuses: Mapping[str, int]
    means: Mapping[str, float]
    sd: float | None
    difference: PairedDifference | None
    adjusted_p: float | None
    verdict: str
    train_s: float | None
    seeds: tuple[Seed, ...]

    @property
    def done(self) -> int:
        """Runs that have figures."""
        return self.statuses.get("done", 0)

    @property
    def planned(self) -> int:
        """Runs that belong to the row, whatever became of them."""
        return len(self.seeds)


@dataclass(frozen=True)
class Comparison:
    """What can be compared: runs on the same data with the same V, model and settings.

    Attributes:
        condition: the data, model and settings they share.
        provenance: versions, commits and hardware found among the runs, each a list of what differs.
        rows: the reference first, then by mean mAP50-95.
        conclusion: one sentence on what the rows show and what not.
    """

    condition: Mapping[str, Any]
    provenance: Mapping[str, Any]
    rows: tuple[Row, ...]
    conclusion: str


@dataclass(frozen=True)
class Report:
    """A study's comparisons, one a condition."""

    study: str
    comparisons: tuple[Comparison, ...]
