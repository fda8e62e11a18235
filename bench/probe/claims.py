"""What people say of the losses themselves: those of the declared claims that name a figure of the probe, and more.

All are judged as the report judges claims, so that the probe and a report cannot say different things.
"""

from __future__ import annotations

from bench.claims import CLAIMS, Claim, Judgement, judge
from bench.claims.statement import All, Fact, Region
from bench.losses import FORMS
from bench.probe.model import IOU_BINS, Landscape

_BINS = range(len(IOU_BINS))
"""Places of the rows of an `Agreement`: no overlap, and the bins of IoU."""


def _cosines(form: str) -> All:
    return All(
        tuple(
            Fact(f"median cosine{f' at IoU {IOU_BINS[row - 1]:g}–{IOU_BINS[row]:g}' if row else ' without overlap'}",
                 ("agreement", form, row, "median"), Region(0.5, 0.8))
            for row in _BINS
        )
    )  # fmt: skip


MORE: tuple[Claim, ...] = (
    Claim("probe-l2-minima", "Losses", "L2 has no local minima",
          Fact("share of points where a step towards the target lowers it", ("convexity", "l2", "downhill"),
               Region(low=1 - 1e-9))),
    *(Claim(f"probe-cosine-{form}", "Losses", f"the two gradients have cosine 0.5–0.8 (form `{form}`)", _cosines(form),
            "over random pairs, in every bin of overlap")
      for form in FORMS),
)  # fmt: skip
"""Not among the declared claims: no report is about them."""


def judged(found: Landscape) -> list[Judgement]:
    """Return the verdicts on all that people say of the losses themselves."""
    on_losses = [claim for claim in CLAIMS if any(isinstance(leaf, Fact) for leaf in claim.leaves())]
    return judge([*on_losses, *MORE], [], found.to_dict())
