"""What a report says, before it is put into words or columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.claims import Judgement
from bench.report.arms import CORE, VARIANT
from bench.report.parts import Answer, Combined, Control, Criterion, Escape, Noise, Shared, Winner
from bench.report.row import REFERENCE, Rate, Row, Seed
from bench.statistics import UNDECIDED, ImagePrecision

__all__ = ["REFERENCE", "UNDECIDED", "Comparison", "Family", "Rate", "Report", "Row", "Seed"]


@dataclass(frozen=True)
class Comparison:
    """What can be compared: runs on the same data with the same V, model and settings.

    Attributes:
        title: the data's name, and what else tells this comparison from the report's others.
        condition: the data, model and settings they share.
        provenance: versions, commits and hardware found among the runs, each a list of what differs.
        rows: of both tables, the strategies as registered and then their variants; in each the best first, and the
            reference before all.
        special: rows of runs that stand outside the tables: escape tests, controls, replicates.
        conclusion: one sentence on what the table of strategies shows and what not.
        variants_conclusion: likewise of the table of variants; empty where there is none.
        judgements: of the claims on these runs alone.
        criteria: columns of the criteria table, over `core`.
        escapes: the escape tests.
        controls: strategies next to their controls.
        noise: what the machine alone changes.
        shared: first epochs that were trained once for several runs.
        precision: for rows by name, whether the seeds or the validation images limit how well the difference is known.
    """

    title: str
    condition: Mapping[str, Any]
    provenance: Mapping[str, tuple[str, ...]]
    rows: tuple[Row, ...]
    special: tuple[Row, ...]
    conclusion: str
    variants_conclusion: str
    judgements: tuple[Judgement, ...]
    criteria: tuple[Criterion, ...]
    escapes: tuple[Escape, ...]
    controls: tuple[Control, ...]
    noise: Noise
    shared: tuple[Shared, ...]
    precision: Mapping[str, ImagePrecision]

    @property
    def core(self) -> tuple[Row, ...]:
        """Rows of the comparison table."""
        return tuple(row for row in self.rows if row.table == CORE)

    @property
    def variants(self) -> tuple[Row, ...]:
        """Rows of the table of variants, without the reference."""
        return tuple(row for row in self.rows if row.table == VARIANT)

    @property
    def all_rows(self) -> tuple[Row, ...]:
        """Every row, so that every run is in one."""
        return self.rows + self.special


@dataclass(frozen=True)
class Family:
    """Comparisons that differ in their data alone, or in the number format too.

    Attributes:
        title: what tells its model and settings from those of the other families; empty for one alone.
        members: titles of its comparisons, one a data set.
        outdated: titles of those on other versions of these data sets, which are in nothing that is told of the family.
        answers: the three sentences.
        best: which strategy is best, if one is.
        judgements: of the claims, over all members.
        combined: rows over all members; empty with one member, or where none can be formed.
        combined_note: what the combined table shows and leaves out, or why there is none; empty with one member of
            which there is one version.
    """

    title: str
    members: tuple[str, ...]
    outdated: tuple[str, ...]
    answers: tuple[Answer, ...]
    best: Winner
    judgements: tuple[Judgement, ...]
    combined: tuple[Combined, ...]
    combined_note: str


@dataclass(frozen=True)
class Report:
    """A study: its comparisons, one a condition, and what they come to.

    Attributes:
        study: its name.
        comparisons: one a condition.
        families: comparisons that differ in their data alone, or in the number format too, together.
        claims: fingerprint of the claims that were judged.
        declared: fingerprint of the claims as they were when the study began; None when not on record.
        changed: the claims, in words, that are not as they were then; None when not on record.
        probe: on what target the losses themselves were measured, in words; None where they were not.
        looks: the least and the greatest number of seeds at which the study was looked at; None: once.
        suite: what the study set out to run; None when not on record.
    """

    study: str
    comparisons: tuple[Comparison, ...]
    families: tuple[Family, ...]
    claims: str
    declared: str | None
    changed: tuple[str, ...] | None
    probe: str | None
    looks: tuple[int, int] | None
    suite: str | None
