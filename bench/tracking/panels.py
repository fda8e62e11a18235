"""Which panels one looks at a study with in W&B, by section; `bench.tracking.dashboard` makes them W&B's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.metrics import FIGURE, PRIMARY, RATES
from bench.tracking.metric_names import heading


@dataclass(frozen=True)
class Lines:
    """A column of history.csv by epoch: the mean over the seeds of each strategy, and their range."""

    metric: str

    @property
    def words(self) -> str:
        """The panel in words."""
        return f"lines: {self.metric} by epoch"


@dataclass(frozen=True)
class Bars:
    """A final figure: the mean over the seeds of each strategy, and their range."""

    metric: str

    @property
    def words(self) -> str:
        """The panel in words."""
        return f"bars: {self.metric}"


@dataclass(frozen=True)
class Table:
    """A table of the study's report."""

    name: str

    @property
    def words(self) -> str:
        """The panel in words."""
        return f"table: {self.name}"


@dataclass(frozen=True)
class Pictures:
    """Pictures that runs logged, by epoch."""

    name: str

    @property
    def words(self) -> str:
        """The panel in words."""
        return f"pictures: {self.name}"


Panel = Lines | Bars | Table | Pictures


def _lines(*columns: str) -> tuple[Panel, ...]:
    return tuple(Lines(f"{heading(column)}/{column}") for column in columns)


SECTIONS: dict[str, tuple[Panel, ...]] = {
    "Answer": (
        Bars(f"final/{FIGURE}"),
        Bars("final/full_image"),
        Bars("final/bow_tie"),
        Table("comparison"),
        Table("verdicts"),
    ),
    "AP": _lines(FIGURE, *(name for name in PRIMARY if name != FIGURE), "ring_mAP50_95", "box_mAP50_95"),
    "Degenerate shapes": _lines(*RATES),
    "Weights": _lines("alpha", "w_l2", "w_mgiou"),
    "Gradients": _lines("grad_l2", "grad_mgiou", "grad_cosine", "conflict", "share_l2", "net_grad_cosine"),
    "Losses": _lines("loss_l2", "loss_mgiou", "loss", "loss_box", "loss_cls", "loss_dfl"),
    "Predictions": (Pictures("predictions"),),
}
"""What there is to see, the answer first."""

COLUMNS = (f"final/{FIGURE}", "final/full_image", "final/bow_tie", "status")
"""Of the summary, beside each strategy's or run's name."""


def outline(tell: Callable[[str], None]) -> None:
    """Tell every section with its panels, a line each."""
    for name, panels in SECTIONS.items():
        tell(f"  {name}")
        for panel in panels:
            tell(f"    {panel.words}")
