"""What judging a claim comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bench.claims.statement import Claim
from bench.statistics import ALPHA, all_equal

Verdict = Literal["SUPPORTED", "REFUTED", "UNDECIDED", "NOT RUN"]

OTHER_PARAMETERS, NO_PAIR, SILENT, NOT_STUCK = (
    "other parameters",
    "no pair",
    "does not tell",
    "not stuck in full-image boxes",
)
"""Why a run is left out, where it is not for its status."""

_RANKS = {"diverged": 0, "failed": 0, NO_PAIR: 2, SILENT: 2, NOT_STUCK: 2}
_BETWEEN = 1


def causes_first(left_out: Iterable[str]) -> tuple[str, ...]:
    """Return runs that are left out (`Finding.left_out`) each once, those that were lost before their lone partners."""
    return tuple(sorted(dict.fromkeys(left_out), key=lambda one: _RANKS.get(one.rpartition(": ")[2], _BETWEEN)))


@dataclass(frozen=True)
class Finding:
    """One tested part of a claim.

    Attributes:
        text: the quantity, in words: `mAP50-95 of cosine - step`.
        wanted: the region it is said to lie in.
        estimate: None without a run.
        interval: 95 % (Student's t, Clopper-Pearson for a rate, the sign-flip test's for an order of rates); None where
            there is none.
        n: units behind it: seeds for a contrast and an order of rates, runs for a rate, 0 for a fact.
        by_seed: the difference at each seed; empty where the unit is no seed.
        p_support: p-value against "it does not lie there"; at most 0.05 exactly when the interval lies inside, if the
            study was looked at once; over several looks it pays for them, and the interval does not.
        p_refute: p-value against "it lies there"; likewise, when the interval lies outside.
        seeds_to_decide: more seeds (runs, for a rate) than there are, at which the same mean and spread (the same rate)
            would be decided, looks paid for; None where it is decided, and when there is no telling.
        run_ids: every run it rests on.
        missing: arms that have no run that is done, by name; `cosine as it is registered now` where there are runs of
            that label, but with other parameters.
        left_out: runs that are part of the arms and in no figure, `cosine s2: diverged`: those that were lost first.
        by_survivors: whether it is in favour of arms that lost runs, and so shows nothing, at any number of seeds.
        open_up_to: seeds (runs) up to which no number would decide it, where that is why none is named; else None.
    """

    text: str
    wanted: str
    estimate: float | None
    interval: tuple[float, float] | None
    n: int
    by_seed: Mapping[int, float]
    p_support: float
    p_refute: float
    seeds_to_decide: int | None
    run_ids: tuple[str, ...]
    missing: tuple[str, ...]
    left_out: tuple[str, ...]
    open_up_to: int | None = None
    by_survivors: bool = False

    @property
    def constant(self) -> bool:
        """Whether it is the same at every seed, of several, and no number of such seeds decides.

        A contrast without spread has nothing to be judged by, on whichever side of a bound it is: a quantity that is 0
        in forty runs may still be 0 in most and large in few, and have a mean of anything. An order of rates has, as
        long as it is no tie.
        """
        if len(self.by_seed) < 2 or self.decided or self.interval is not None or self.seeds_to_decide is not None:
            return False
        return all_equal(self.by_seed.values())

    @property
    def stays_open(self) -> bool:
        """Whether more of the same would decide nothing."""
        return self.constant or self.by_survivors

    @property
    def decided(self) -> bool:
        """Whether it is shown to lie where it is said to, or not to."""
        return min(self.p_support, self.p_refute) <= ALPHA


@dataclass(frozen=True)
class Judgement:
    """A claim, its verdict and what that rests on.

    Attributes:
        claim: as declared.
        verdict: SUPPORTED or REFUTED at an error rate of 5 % for this claim alone, UNDECIDED when the runs allow
            neither, NOT RUN when runs that it needs are missing and the others do not decide it.
        p_support: of the whole statement.
        p_refute: likewise.
        adjusted_p: of the verdict, Holm over all claims of the table; None where there is none.
        findings: its parts in order.
    """

    claim: Claim
    verdict: Verdict
    p_support: float
    p_refute: float
    adjusted_p: float | None
    findings: tuple[Finding, ...]

    @property
    def decided(self) -> bool:
        """Whether the runs tell, either way."""
        return self.verdict in ("SUPPORTED", "REFUTED")

    @property
    def holds_among_all(self) -> bool:
        """Whether the verdict stands at a family-wise error rate of 5 % over all claims."""
        return self.decided and self.adjusted_p is not None and self.adjusted_p <= ALPHA

    @property
    def holds_only_alone(self) -> bool:
        """Whether the verdict holds for its claim by itself, and not when all claims are looked at together."""
        return self.decided and not self.holds_among_all

    @property
    def missing(self) -> tuple[str, ...]:
        """Arms without a run that is done, each once."""
        return tuple(dict.fromkeys(arm for finding in self.findings for arm in finding.missing))

    @property
    def run_ids(self) -> tuple[str, ...]:
        """Every run it rests on, each once."""
        return tuple(dict.fromkeys(run for finding in self.findings for run in finding.run_ids))
