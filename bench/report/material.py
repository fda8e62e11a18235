"""What criteria are measured on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.claims.declared import rescue
from bench.claims.registered import is_registered
from bench.records import RunRecord
from bench.report.model import Row
from bench.report.numbers import MISSING
from bench.report.parts import Cell, Escape
from bench.report.rows import Runs

NONE = Cell(MISSING)
SUITE = "run --suite claims"
ANY = "any run of this version"


@dataclass(frozen=True)
class Material:
    """What criteria are measured on.

    Attributes:
        rows: of the strategies, in order.
        runs: of every strategy and variant.
        escapes: the escape tests.
        elsewhere: for each data set of the family, the rows by `arm_key`; one alone when there is one.
        looks: as for verdicts.
    """

    rows: Sequence[Row]
    runs: Runs
    escapes: Sequence[Escape]
    elsewhere: Mapping[str, Mapping[str, Row]]
    looks: tuple[int, int] | None

    @property
    def lost(self) -> set[str]:
        """Strategies that lost a run."""
        return {row.name for row in self.rows if row.lost}

    def of(self, row: Row) -> Sequence[RunRecord]:
        """Return a row's runs."""
        return self.runs[row.label, row.form]

    def escape(self, row: Row) -> Escape | None:
        """Return a strategy's escape test: in its own form, else in the centred one, whose minimum it is about.

        A test names its strategy by a label. Where that stands for several rows, whose parameters differ, the test is
        that of the strategy which is registered under it now.
        """
        label = self.of(row)[0].label
        if not is_registered(label, row.strategy):
            return None
        test = rescue(label)
        found = {one.form: one for one in self.escapes if one.label == test.label}
        return found.get(row.form) or found.get(test.form)

    def escape_tests(self) -> dict[str, Escape]:
        """Return each escape test once: by the name of its row, or of its strategy where several rows have the test."""
        found = [(row, test) for row in self.rows if (test := self.escape(row)) is not None]
        rows = Counter((test.label, test.form) for _, test in found)
        return {row.name if rows[test.label, test.form] == 1 else test.by: test for row, test in found}
