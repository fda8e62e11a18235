"""What a report holds beside its comparison tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from bench.arm_name import arm_name
from bench.statistics import PairedDifference


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a difference comes to among those of its table: the fields of `bench.statistics.Verdict`.

    Attributes:
        adjusted_p: over the looks and then over the table (Holm); None where there is no interval.
        verdict: `better`, `worse` or `UNDECIDED`; empty where there is no difference.
        kept_open_by: what alone keeps it UNDECIDED: `looks`, `Holm`, `no spread` or `lost runs`; empty: none.
        seeds_to_decide: pairs at which the same mean and spread would be decided by themselves; None when there is no
            telling, and where it is decided or kept open by others or by losses.
        open_up_to: pairs up to which no number would do, where that is why none is named; else None.
    """

    adjusted_p: float | None = None
    verdict: str = ""
    kept_open_by: str = ""
    seeds_to_decide: int | None = None
    open_up_to: int | None = None


@dataclass(frozen=True)
class Winner:
    """Who is best, where the numbers say so.

    Attributes:
        names: one: it is the best. Several: a tie of counts, which are known without error. None: nobody is named.
        why: what that rests on, in a few words.
    """

    names: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Cell:
    """A criterion, measured on one strategy.

    Attributes:
        text: as it is shown.
        value: the number behind it; None where it was not measured.
        interval: of 95 %; None where there is none.
        n: seeds or runs it is from.
        run_ids: where it comes from.
    """

    text: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    n: int = 0
    run_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Criterion:
    """A column of the criteria table.

    Attributes:
        key: short and stable.
        heading: what is measured.
        cells: one for every core row of the comparison table, in its order.
        winner: None where the criterion is a property and no contest.
        source: what measures it when it is not on record.
    """

    key: str
    heading: str
    cells: tuple[Cell, ...]
    winner: Winner | None
    source: str

    @property
    def measured(self) -> bool:
        """Whether any strategy has a number."""
        return any(cell.value is not None for cell in self.cells)


@dataclass(frozen=True)
class Escape:
    """Runs that centred MGIoU (or the paper's) has spoilt first, handed to a strategy.

    Attributes:
        label: of the escape test.
        by: label of the strategy.
        form: MGIoU form of both parts.
        runs: all of them.
        freed: by seed, whether it ends in no degenerate shape on most images, of those that can tell: full-image on
            most images when handed over, and ended by themselves with a figure or by diverging.
        left: those of them that end without full-image boxes on most images.
        interval: of the share that escaped, Clopper-Pearson's, 95 %.
        lost: runs that diverged or failed, of the test and of the strategy alone in the same form.
        failed: those of the test that failed: they cannot tell, whereas one that diverged has not escaped.
        ends: mAP50-95 at the end by seed, of those that are counted as stuck and are done.
        kept: mAP50-95 of such a run as a share of the strategy's own, by seed; None where no seed has both.
        run_ids: all of them.
    """

    label: str
    by: str
    form: str | None
    runs: int
    freed: Mapping[int, bool]
    left: int
    interval: tuple[float, float]
    lost: int
    failed: int
    ends: Mapping[int, float]
    kept: PairedDifference | None
    run_ids: tuple[str, ...]

    @property
    def stuck(self) -> int:
        """Runs that can tell whether they escaped."""
        return len(self.freed)

    @property
    def escaped(self) -> int:
        """Those of them that did."""
        return sum(self.freed.values())

    @property
    def mean(self) -> float | None:
        """Mean mAP50-95 at the end over those that were stuck; None without one."""
        return fmean(self.ends.values()) if self.ends else None

    @property
    def mean_of_escaped(self) -> float | None:
        """Mean mAP50-95 at the end over those that escaped; None without one."""
        known = [ap for seed, ap in self.ends.items() if self.freed[seed]]
        return fmean(known) if known else None


@dataclass(frozen=True)
class Control(Judged):
    """A strategy next to what is left of it, judged among all controls.

    Attributes:
        of: the strategy's name with its form.
        label: of the control.
        kind: its registered name.
        difference: the strategy's mAP50-95 less the control's, paired by seed; None without a pair.
        run_ids: of the control.
    """

    of: str
    label: str
    kind: str
    difference: PairedDifference | None
    run_ids: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """What a row's runs took.

    Attributes:
        epochs: mean over the runs that are done; NaN when not on record. So are the next four.
        train_s: seconds of training.
        eval_s: seconds of scoring.
        cpu_s: processor seconds of the whole run.
        memory_mib: the highest peak of any of the runs.
        all_s: seconds of all runs together, those that were lost among them, each as if it had been trained alone.
        saved_s: what of that was not spent, since the runs shared it with others.
        untimed: runs that began and have no time on record.
    """

    epochs: float
    train_s: float
    eval_s: float
    cpu_s: float
    memory_mib: float
    all_s: float
    saved_s: float
    untimed: int


@dataclass(frozen=True)
class Shared:
    """First epochs that were trained once for several runs.

    Attributes:
        until: how many.
        rows: names of the rows whose runs they are; at each seed one run of each.
        seeds: at which it was so.
    """

    until: int
    rows: tuple[str, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Noise:
    """A/A: the same run once more.

    Attributes:
        pairs: name and seed of the run with both run ids and the difference in mAP50-95.
        rms: root mean square of the differences; None without a pair.
    """

    pairs: tuple[tuple[str, int, str, str, float], ...]
    rms: float | None


@dataclass(frozen=True)
class Answer:
    """One of the sentences a report begins with, and what it rests on.

    Attributes:
        claim: key of the claim it quotes.
        verdict: the claim's.
        text: the sentence, without its verdict.
        evidence: lines: how it is tested, what was found on each data set, and what is missing.
    """

    claim: str
    verdict: str
    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Combined(Judged):
    """A row over several data sets, judged among those of its table.

    Attributes:
        label: of the strategy.
        form: its MGIoU form.
        table: `core` or `variant`.
        per_data_set: the mean difference to the reference on each, in the family's order, over the seeds they share.
        difference: at each seed that all data sets have, the mean of the differences over data sets.
        run_ids: of the strategy on all data sets; the reference's stand in its own rows.
    """

    label: str
    form: str | None
    table: str
    per_data_set: tuple[float, ...]
    difference: PairedDifference
    run_ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """Label and form."""
        return arm_name(self.label, self.form)
