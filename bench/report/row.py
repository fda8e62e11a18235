"""A row of a comparison table, and the runs behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.arm_name import arm_name
from bench.report.parts import Cost, Judged
from bench.statistics import PairedDifference

REFERENCE = "l2"
"""The strategy every difference is taken to."""


@dataclass(frozen=True)
class Seed:
    """One run of a row: where its figure comes from.

    Attributes:
        seed: what pairs it with a run of the reference.
        run_id: its folder.
        status: what became of it.
        reason: why, in one line, when it did not end well.
        mAP50_95: None when it has none.
        difference: to the reference's figure at the same seed; None without one.
    """

    seed: int
    run_id: str
    status: str
    reason: str | None
    mAP50_95: float | None
    difference: float | None


@dataclass(frozen=True)
class Rate:
    """In how many runs something happened.

    Attributes:
        count: those in which it did.
        total: those that can tell.
        interval: Clopper and Pearson's, 95 %.
        kinds: in how many of them it happened in which way, where there are several; a run may count for more than one.
    """

    count: int
    total: int
    interval: tuple[float, float]
    kinds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Row(Judged):
    """One strategy in one MGIoU form, judged by its difference to the reference among those of its table.

    Attributes:
        label: of the strategy; no two rows of a comparison share label and form.
        form: None where the strategy gives MGIoU no weight.
        table: the kind of arm (`bench.report.arms`), which says where the row is shown.
        strategy: its registered name and all of its parameters.
        reference: whether the differences are taken to this row.
        statuses: how many runs have each status.
        means: of `bench.metrics.METRICS` over the runs that are done, NaN where none of them has the metric; empty when
            none is done.
        sd: standard deviation of mAP50-95 over seeds; None with fewer than two.
        difference: of mAP50-95 to the reference, paired by seed; None for the reference itself, and without a pair.
        failures: None when no run ended by itself.
        degenerate: runs that end in one degenerate shape on most images, of those that are done; None without one.
        train_s: mean seconds a run took to train; NaN when not on record, None when none is done.
        cost: what the runs took.
        ledger: every entry of the runs' gradient ledgers, averaged over the runs that are done.
        seeds: every run.
    """

    label: str
    form: str | None
    table: str
    strategy: Mapping[str, Any]
    reference: bool
    statuses: Mapping[str, int]
    means: Mapping[str, float]
    sd: float | None
    difference: PairedDifference | None
    failures: Rate | None
    degenerate: Rate | None
    train_s: float | None
    cost: Cost
    ledger: Mapping[str, float]
    seeds: tuple[Seed, ...]

    @property
    def name(self) -> str:
        """Label and form."""
        return arm_name(self.label, self.form)

    @property
    def lost(self) -> bool:
        """Whether any of its runs diverged or failed."""
        return self.failures is not None and self.failures.count > 0

    @property
    def done(self) -> int:
        """Runs that came to their end."""
        return self.statuses.get("done", 0)

    @property
    def figures(self) -> int:
        """Runs that have the figure rows are compared by."""
        return len(self.by_seed)

    @property
    def by_seed(self) -> dict[int, float]:
        """The figure rows are compared by, at each seed that has one."""
        return {seed.seed: seed.mAP50_95 for seed in self.seeds if seed.mAP50_95 is not None}

    @property
    def planned(self) -> int:
        """Runs that belong to the row, whatever became of them."""
        return len(self.seeds)

    @property
    def run_ids(self) -> tuple[str, ...]:
        """All of its runs."""
        return tuple(seed.run_id for seed in self.seeds)
