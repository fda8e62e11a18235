"""The columns of history.csv, each described once: for the ledger, the trackers, the figures and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bench.metrics import FIGURE

AT_POINTS = "It is measured at the points."
"""What a curve of a `sampled` column says of itself."""


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: in the file.
        heading: what dashboards group it under.
        title: what it is, in a few words.
        unit: what follows the title on an axis of its own; empty where the title says all.
        scale: `share` from 0 to 1, `percent` the same as %, `signed` from -1 to 1, `log`, or `plain` from 0 on.
        note: what a reader of its curve has to know, in a sentence.
        short: heading of a table's column; empty where none has it.
        form: format of a table's figure; `%` for a rate.
        sampled: whether only some epochs have it: those that are validated.
    """

    name: str
    heading: str
    title: str
    unit: str = ""
    scale: Literal["share", "percent", "signed", "log", "plain"] = "plain"
    note: str = ""
    short: str = ""
    form: str = ""
    sampled: bool = False

    @property
    def axis(self) -> str:
        """Title and unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


_UNWEIGHTED = "It is measured even where its weight is 0."
_STEP = "mean over steps"
_IMAGES = "share of validation images"

_LEDGER = (
    Column("alpha", "weights", "α", scale="share", short="α", form=".2f"),
    Column("w_l2", "weights", "weight of L2"),
    Column("w_mgiou", "weights", "weight of MGIoU"),
    Column("loss_l2", "losses", "L2 loss", note=_UNWEIGHTED),
    Column("loss_mgiou", "losses", "MGIoU loss", note=_UNWEIGHTED),
    Column("grad_l2", "gradients", "‖∂L2/∂v‖", _STEP, "log", short="‖∂L2‖", form=".2g"),
    Column("grad_mgiou", "gradients", "‖∂MGIoU/∂v‖", _STEP, "log", short="‖∂MGIoU‖", form=".2g"),
    Column(
        "grad_cosine", "gradients", "cosine of the gradients at the vertices", "", "signed", short="cosine", form="+.2f"
    ),
    Column(
        "conflict",
        "gradients",
        "share of steps in conflict",
        scale="share",
        note="In conflict is a step whose two gradients at the vertices have a cosine under 0.",
        short="conflict",
        form="%",
    ),
    Column(
        "share_l2",
        "gradients",
        "L2's share of the update",
        scale="share",
        note="L2's share is of the update at the vertices, as its weight and its gradient's norm make it.",
        short="L2's share",
        form="%",
    ),
    Column("alpha_step", "weights", "change of α from step to step", _STEP, short="Δα a step", form=".1g"),
)
LEDGER_COLUMNS = tuple(one.name for one in _LEDGER)
"""What is kept of every step and averaged over the epoch. The weights are those the step used.

`conflict` is 1 in a step in which the two gradients point apart (cosine under 0), so that its mean is the share of such
steps. `share_l2` is L2's effective share of the update at the vertices: w_l2‖g1‖ / (w_l2‖g1‖ + w_mgiou‖g2‖).
`alpha_step` is |alpha - alpha of the step before|, so that its mean shows a strategy that flickers.
"""

_OTHERS = (
    Column("loss", "losses", "training loss"),
    Column("loss_box", "losses", "box loss"),
    Column("loss_cls", "losses", "class loss"),
    Column("loss_dfl", "losses", "DFL loss"),
    Column("lr", "training", "learning rate"),
    Column("seconds", "training", "training", "seconds"),
    Column(FIGURE, "AP", "mAP50-95", "validation", sampled=True),
    Column("full_image", "degenerate", "full-image predictions", _IMAGES, "percent", sampled=True),
    Column("bow_tie", "degenerate", "bow ties", _IMAGES, "percent", sampled=True),
    Column("net_grad_l2", "gradients", "‖∂L2/∂θ‖ at the shared weights", "", "log", sampled=True),
    Column("net_grad_mgiou", "gradients", "‖∂MGIoU/∂θ‖ at the shared weights", "", "log", sampled=True),
    Column(
        "net_grad_cosine",
        "gradients",
        "cosine at the shared weights",
        "",
        "signed",
        short="cosine, network",
        form="+.2f",
        sampled=True,
    ),
)

COLUMNS = {one.name: one for one in (*_LEDGER, *_OTHERS)}
"""Every column by name, but for the epoch itself and for figures that are only told by their own name."""


def measured(row: Mapping[str, float]) -> bool:
    """Whether a row of history.csv is of an epoch after which AP and the rates were measured."""
    return FIGURE in row
