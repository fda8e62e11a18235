"""The claims, declared before the runs that judge them. Change one and the set's hash changes; the report shows it.

Margins: a difference under `POINT` is one that nobody would choose a strategy for.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.claims.statement import All, Arm, Claim, Contrast, Fact, Group, Rate, RateOrder, Region, Some, Term
from bench.margins import ABOUT, LOSS_WITHIN, STRONG

POINT = 0.01
"""One point of mAP50-95."""

L2 = Arm("l2", None)
MGIOU, CENTRED = Arm("mgiou"), Arm("mgiou-centred", "centred")
LINEAR, COSINE, STEP, EXPONENTIAL = Arm("linear"), Arm("cosine"), Arm("step"), Arm("exponential")
TWO_50, TWO_70, TWO_90 = Arm("two-stage-50"), Arm("two-stage-70"), Arm("two-stage-90")
RESTART = Arm("two-stage-70-restart")
STATIC, ADAPTIVE, ADAPTIVE_RAW = Arm("static"), Arm("adaptive"), Arm("adaptive[smoothing=0]")
SWEEP = {0.8: STATIC, **{alpha: Arm(f"static[alpha={alpha:g}]") for alpha in (0.1, 0.3, 0.5, 0.7, 0.9)}}
"""Static by its alpha; 0.8 is its default."""
COSINE_NORMALISED = Arm("cosine[normalization=gradient]")
NORMALISED = (Arm("static[normalization=gradient]"), Arm("linear[normalization=gradient]"), COSINE_NORMALISED)
PLAIN = (STATIC, LINEAR, COSINE)

SCHEDULED, TWO_STAGE = (LINEAR, COSINE, STEP, EXPONENTIAL), (TWO_50, TWO_70, TWO_90)
HYBRIDS = (STATIC, *SCHEDULED, ADAPTIVE)
CORE = (L2, MGIOU, CENTRED, *HYBRIDS, *TWO_STAGE, RESTART)

POSITIVE, NEGATIVE = Region(low=0.0), Region(high=0.0)


def rescue(label: str) -> Arm:
    """Return the escape test of a strategy: centred MGIoU alone first, then the strategy."""
    return Arm(f"rescue[by={label}]", "centred")


def rescued(test: Arm) -> str:
    """Return the label of the strategy that an escape test (`rescue`) is of."""
    return test.label.removeprefix("rescue[by=").removesuffix("]")


STUCK_ALONE = Rate("escaped", rescue("mgiou"), Region(high=0.5))
"""MGIoU alone frees few of the runs that are stuck."""


def one(arm: Arm) -> Group:
    """Return an arm as a group."""
    return Group((arm,))


def value(quantity: str, arm: Arm, region: Region) -> Contrast:
    """Return: an arm's quantity, averaged over seeds, lies in a region."""
    return Contrast((Term(1.0, quantity, one(arm)),), region)


def difference(a: Group | Arm, b: Group | Arm, region: Region = POSITIVE, factor: float = 1.0) -> Contrast:
    """Return: mAP50-95 of `a` minus `factor` times that of `b`, paired by seed, lies in a region."""
    a, b = (one(arm) if isinstance(arm, Arm) else arm for arm in (a, b))
    return Contrast((Term(1.0, "mAP50_95", a), Term(-factor, "mAP50_95", b)), region)


def beats(a: Arm, *others: Arm) -> All:
    """Return: `a` has a higher mAP50-95 than each of the others."""
    return All(tuple(difference(a, other) for other in others))


def freed(rescues: Iterable[Arm]) -> tuple[Rate, ...]:
    """Return of each escape test: it frees most of the runs that are stuck in full-image boxes."""
    return tuple(Rate("escaped", arm, Region(low=0.5)) for arm in rescues)


def escapes(*labels: str) -> All:
    """Return: of the runs that are stuck in full-image boxes, each of these strategies frees most."""
    return All(freed(map(rescue, labels)))


def about(quoted: float) -> Region:
    """Return the numbers that a quoted one may stand for."""
    return Region(quoted / ABOUT, quoted * ABOUT)


def _at_box(form: str) -> All:
    reading = ("full_image", "readings", f"mgiou-{form}")
    return All(
        (
            Fact("loss", (*reading, "loss"), Region(0.25 - LOSS_WITHIN, 0.25 + LOSS_WITHIN)),
            Fact("gradient a vertex, per grid cell", (*reading, "per_vertex_grid"), about(0.001)),
        )
    )


_L2_BOX = ("full_image", "readings", "l2", "per_vertex_image")
_L2_HALF, _L2_TWO = (("outside", index, "readings", "l2", "per_vertex_grid") for index in (0, 2))

CLAIMS: tuple[Claim, ...] = (
    # Each loss alone.
    Claim("alone-full-image-paper", "Alone", "MGIoU alone ends in full-image boxes (form `paper`)",
          Rate("stuck", MGIOU, Region(low=0.5)), "most runs end with full-image boxes on most images"),
    Claim("alone-full-image-centred", "Alone", "MGIoU alone ends in full-image boxes (form `centred`)",
          Rate("stuck", CENTRED, Region(low=0.5)), "most runs end with full-image boxes on most images"),
    Claim("alone-box-paper", "Alone", "its loss there is ≈ 0.25 and its gradient ≈ 0.001 (form `paper`)",
          _at_box("paper"), "≈ is within 0.05 for the loss, within a factor of 3 for the gradient",
          in_full="MGIoU's loss at the full-image box is ≈ 0.25 and its gradient ≈ 0.001 (form `paper`)"),
    Claim("alone-box-centred", "Alone", "its loss there is ≈ 0.25 and its gradient ≈ 0.001 (form `centred`)",
          _at_box("centred"), "as for `paper`",
          in_full="MGIoU's loss at the full-image box is ≈ 0.25 and its gradient ≈ 0.001 (form `centred`)"),
    Claim("alone-l2-box", "Alone", "L2's gradient there is 0.1–0.5",
          Fact("gradient a vertex, per image side", _L2_BOX, Region(0.1, 0.5)), "in the unit in which it can hold",
          in_full="L2's gradient at the full-image box is 0.1–0.5"),
    Claim("alone-l2-strong", "Alone", "L2 stays strong for large errors",
          Fact("gradient two image sides away, as a share of that half a side away",
               _L2_TWO, Region(low=STRONG), _L2_HALF),
          "strong: at least half is left"),
    Claim("alone-l2-convex", "Alone", "L2 is convex",
          Fact("share of pairs whose midpoint is too high", ("convexity", "l2", "violations"), Region(high=1e-9))),
    Claim("alone-ratio", "Alone", "L2's gradients are about 100 times MGIoU's",
          All((
              Fact("ratio at the full-image box", _L2_BOX, about(100.0),
                   ("full_image", "readings", "mgiou-paper", "per_vertex_image")),
              value("grad_ratio", STATIC, about(100.0)),
          )), "about: within a factor of 3"),
    # Escape.
    Claim("escape-hybrid", "Escape",
          "a hybrid loss escapes the full-image state where MGIoU alone does not",
          All((Some(freed(rescue(arm.label) for arm in HYBRIDS)), STUCK_ALONE)),
          "runs begin with centred MGIoU alone, the form that has such a state, and those count that are stuck in "
          "full-image boxes on most images by then; one is freed when it ends in no degenerate shape on most images; "
          "at least one of static, the four schedules and adaptive must free over half of its runs (Bonferroni over "
          "the six), and MGIoU alone under half"),
    Claim("escape-scheduled", "Escape",
          "scheduled mixes escape the full-image state where MGIoU alone does not",
          All((*freed(rescue(arm.label) for arm in SCHEDULED), STUCK_ALONE)), "each of the four; tested likewise"),
    Claim("escape-two-stage", "Escape", "so does two-stage", escapes("two-stage-50", "two-stage-70", "two-stage-90"),
          in_full="two-stage escapes the full-image state"),
    Claim("escape-static-high", "Escape", "so does static at α ≥ 0.7",
          escapes("static[alpha=0.7]", "static", "static[alpha=0.9]"),
          in_full="static at α ≥ 0.7 escapes the full-image state"),
    Claim("escape-static-low", "Escape", "static with α < 0.5 stays stuck",
          All(tuple(Rate("escaped", rescue(f"static[alpha={alpha}]"), Region(high=0.5)) for alpha in (0.1, 0.3))),
          in_full="static with α < 0.5 stays stuck in the full-image state"),
    # Static.
    Claim("static-best", "Static", "the best α is 0.7–0.8",
          Some(tuple(beats(SWEEP[best], *(SWEEP[a] for a in (0.1, 0.3, 0.5, 0.9))) for best in (0.7, 0.8))),
          in_full="the best α of static is 0.7–0.8"),
    Claim("static-high", "Static", "α ≥ 0.9 is no better than pure L2",
          difference(SWEEP[0.9], L2, Region(high=POINT)), "no better: by less than a point",
          in_full="static at α ≥ 0.9 is no better than pure L2"),
    # Scheduled.
    Claim("scheduled-smooth", "Scheduled", "linear and cosine beat step and exponential",
          All((beats(LINEAR, STEP, EXPONENTIAL), beats(COSINE, STEP, EXPONENTIAL)))),
    Claim("scheduled-cosine-best", "Scheduled", "cosine is the best of the four",
          beats(COSINE, LINEAR, STEP, EXPONENTIAL), in_full="cosine is the best of the four schedules"),
    Claim("scheduled-step-worst", "Scheduled", "step is the worst of the four",
          All(tuple(difference(arm, STEP) for arm in (LINEAR, COSINE, EXPONENTIAL))),
          in_full="step is the worst of the four schedules"),
    Claim("scheduled-step-unstable", "Scheduled", "step is unstable at its transition",
          Some((value("transition_jump", STEP, Region(low=2.0)),
                value("transition_dip", STEP, Region(high=-2 * POINT)))),
          "the loss jumps by over 2 sd, or AP falls by over 2 points, against the run's own epochs before"),
    Claim("scheduled-exponential", "Scheduled", "exponential falls too fast and ends below cosine",
          difference(COSINE, EXPONENTIAL)),
    # Two-stage.
    Claim("two-stage-70-best", "Two-stage", "70 beats 50 and 90", beats(TWO_70, TWO_50, TWO_90),
          in_full="two-stage-70 beats two-stage-50 and two-stage-90"),
    Claim("two-stage-50-short", "Two-stage", "50 is too short",
          Contrast((Term(1.0, "stage1_mAP50_95", one(TWO_70)), Term(-1.0, "stage1_mAP50_95", one(TWO_50))),
                   Region(low=POINT)), "20 % more of the first stage gain more than a point",
          in_full="50 % of the run is too short for the first of two stages"),
    Claim("two-stage-90-long", "Two-stage", "90 is too long",
          Contrast((Term(1.0, "mAP50_95", one(TWO_90)), Term(-1.0, "stage1_mAP50_95", one(TWO_90))),
                   Region(high=POINT)), "the second stage that is left gains less than a point",
          in_full="90 % of the run is too long for the first of two stages"),
    Claim("two-stage-restart", "Two-stage",
          "with a restart and no lower learning rate stage 2 may lose what stage 1 had",
          Contrast((Term(1.0, "stage2_low", one(RESTART)), Term(-1.0, "stage1_mAP50_95", one(RESTART))),
                   Region(high=-2 * POINT)),
          "the lowest AP in stage 2 is more than 2 points below that before it, on average over seeds"),
    Claim("two-stage-restart-lr", "Two-stage", "a lower learning rate prevents that",
          Contrast((Term(1.0, "stage2_low", one(Arm("two-stage-70-restart[stage2_lr=0.1]"))),
                    Term(-1.0, "stage1_mAP50_95", one(Arm("two-stage-70-restart[stage2_lr=0.1]")))),
                   Region(low=-2 * POINT)),
          "the lowest AP in stage 2 is less than 2 points below that before it, on average over seeds",
          in_full="with a restart and a lower learning rate stage 2 does not lose what stage 1 had"),
    Claim("two-stage-robust", "Two-stage", "two-stage is more robust than scheduled",
          All((difference(Group((*TWO_STAGE, RESTART), "min"), Group(SCHEDULED, "min")),
               RateOrder("failed", Group((*TWO_STAGE, RESTART)), Group(SCHEDULED)))),
          "of four strategies each, the worst at a seed is better (the worst of few seeds has no test), which is so "
          "too where strategies move together; and a smaller share of the runs at a seed fails"),
    # Adaptive.
    Claim("adaptive-oscillates", "Adaptive", "α oscillates without smoothing",
          value("alpha_step", ADAPTIVE_RAW, Region(low=POINT)), "by more than 0.01 a step on average",
          in_full="adaptive's α oscillates without smoothing"),
    Claim("adaptive-smoothing", "Adaptive", "smoothing removes that",
          value("alpha_step", ADAPTIVE, Region(high=POINT)),
          in_full="adaptive's α does not oscillate with smoothing"),
    Claim("adaptive-cosine", "Adaptive", "adaptive is at least as good as cosine",
          difference(ADAPTIVE, COSINE, Region(low=-POINT)), "not worse by a point or more"),
    # Gradients.
    Claim("gradients-cosine", "Gradients", "the cosine of the two gradients is 0.5–0.8",
          All((value("grad_cosine", STATIC, Region(0.5, 0.8)), value("grad_cosine", COSINE, Region(0.5, 0.8)))),
          "at the vertices, mean over the run, of static and of cosine in the paper's form",
          in_full="the cosine of the gradients of L2 and MGIoU is 0.5–0.8"),
    Claim("gradients-conflict", "Gradients", "they conflict (cosine < 0) on a real share of steps",
          value("conflict", STATIC, Region(low=0.05)),
          "at the vertices, of static in the paper's form: on more than 5 % of steps, the matched anchors together",
          in_full="the gradients of L2 and MGIoU conflict (cosine < 0) on a real share of steps"),
    Claim("gradients-normalisation", "Gradients", "normalisation improves mAP50-95 by 2–5 points",
          difference(Group(NORMALISED), Group(PLAIN), Region(2 * POINT, 5 * POINT)),
          "the mean of static, linear and cosine, by the norms of the gradients"),
    Claim("gradients-low-alpha", "Gradients", "without normalisation a low α does not favour MGIoU",
          value("share_l2", SWEEP[0.1], Region(low=0.5)), "at α = 0.1, L2 still makes most of the update"),
    # Overall.
    Claim("overall-cosine-normalised", "Overall", "cosine with normalisation has the best mAP50-95",
          beats(COSINE_NORMALISED, *CORE)),
    Claim("overall-l2", "Overall", "L2 alone reaches 80–90 % of the best",
          All((*(difference(L2, arm, POSITIVE, 0.8) for arm in (*CORE[1:], COSINE_NORMALISED)),
               Some(tuple(difference(L2, arm, NEGATIVE, 0.9) for arm in (*CORE[1:], COSINE_NORMALISED))))),
          "over 80 % of every other, and under 90 % of at least one"),
    Claim("overall-hybrid-beats-l2", "Overall", "a hybrid loss beats L2 alone",
          difference(Group(HYBRIDS), L2), "the mean of static, the four schedules and adaptive, in the paper's form"),
    Claim("overall-hybrid-beats-two-stage", "Overall", "a hybrid loss in one run is better than two stages",
          difference(Group(HYBRIDS), Group(TWO_STAGE)),
          "the mean of static, the four schedules and adaptive, against that of 50, 70 and 90, in the paper's form"),
)  # fmt: skip
