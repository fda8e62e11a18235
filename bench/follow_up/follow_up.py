"""What a study runs after its first runs: controls, and seeds for what is still undecided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.follow_up.controls import control_runs
from bench.follow_up.until_decided import next_pairs
from bench.report import load_report
from bench.study import Run


@dataclass(frozen=True)
class FollowUp:
    """Called with the runs that are over; returns those that they call for.

    Attributes:
        folder: the study's.
        controls: whether strategies whose weights vary get their controls.
        max_seeds: where adding seeds to what is undecided ends; None: no seed is added.
    """

    folder: Path
    controls: bool
    max_seeds: int | None

    def __call__(self, done: Sequence[Run], lost: Sequence[Run]) -> list[Run]:
        """Return seeds first, since controls need the seeds of their strategy.

        Args:
            done: the runs that are done.
            lost: those that diverged or failed.
        """
        if self.max_seeds is not None:
            pairs = next_pairs([*done, *lost], load_report(self.folder), self.max_seeds)
            if pairs:
                return pairs
        return control_runs(done, self.folder) if self.controls else []
