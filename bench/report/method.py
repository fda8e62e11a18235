"""How a report is to be read, and what it does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bench.clip_vertices import clips
from bench.margins import LEARNT
from bench.report.model import REFERENCE, Comparison, Report
from bench.report.numbers import names
from bench.report.parts import Noise
from bench.statistics import ImagePrecision, most_seeds

METHOD = (
    f"The unit is the difference in mAP50-95 to `{REFERENCE}` between two runs with the same seed, which fixes "
    "initial weights, batch order and augmentation. Shown are its mean over seeds and Student's 95 % interval. "
    "*Better* and *worse* hold at a family-wise error rate of 5 % across one table (Holm, over paired t-tests; "
    "strategies, variants, controls and data sets together are tables of their own, and each pays for its own tests); "
    "all else is UNDECIDED: with the number of seeds, more than there are, at which a difference of this mean and "
    "spread would be decided by itself every second time, or `> 10,000` where it takes more than that; with *looks* "
    "where one look at the runs would have decided it, but not as many as there were; with *Holm* where it is decided "
    "by itself, but not among so many; with *no spread* where it is the same at every seed, which no number of such "
    "seeds decides; with *lost runs* where who is ahead lost some (diverged or failed), since what is left of it is "
    "not all of it. AP is pycocotools', of the convex hull of the predicted vertices clipped to the image, at the last "
    "epoch; ± is the standard deviation over seeds. Means are over the runs that are done."
)

SHAPES = (
    "Degenerate shapes are counted over the validation images, on the top prediction of each: *full-image* where the "
    "hull covers over 90 % of the image, or any of it and is larger than four images, and the object that it overlaps "
    "best under 80 %; *bow tie* where the ring crosses itself, which its "
    "hull does not show; *collapsed* where the hull fills under 5 % of its own predicted box; *outside* where most "
    "vertices are off the image. A run ends in one where that is so on most images. All intervals of rates are "
    "Clopper and Pearson's."
)

CLAIMS = (
    "A claim is SUPPORTED when the 95 % interval lies inside the region that it names, REFUTED when it lies outside, "
    "NOT RUN when runs are missing and the others do not decide it, UNDECIDED otherwise; rates by the exact binomial "
    "test, which of two rates is lower by the sign-flip test over seeds, which takes six of them. What is the same at "
    "every seed has no spread to judge it by, and stays UNDECIDED on whichever side it lies: it may be large once in "
    "many runs. Claims are about the strategies as they are registered now: a run whose label stood for other "
    "parameters is left out. Each verdict has an error rate of 5 % for its claim, however many parts that has; *not "
    "after Holm* marks those that would not stand if all claims were looked at together. Over several data sets a "
    "claim must hold on each of them to be SUPPORTED, and one alone can refute it (Simes). The evidence shown is the "
    "part that a verdict hangs on, or the one that keeps the claim from being supported; `python -m bench claims` "
    "writes every part of every claim with its run ids."
)

PROBE = (
    "*Probe* stands where a claim is about the losses themselves: measured without a run on one target ({}), the same "
    "for every data set, and known without error for that target alone. Another size or tilt and another unit (the "
    "image's side, a grid cell) give other numbers: `python -m bench probe` takes any."
)

CRITERIA = (
    "A winner is named only where the first beats each of the others at 5 % (Holm; each criterion by itself): by "
    "paired t-tests over seeds, for rates by sign-flip tests over seeds, which take six of them, "
    "for the spread by those of the distances from the median, their p-values doubled, which take seven, and more "
    "where there are many others to beat; counts need no test, and may tie. "
    "Extremes (worst seed, worst data set) and ranges have no test here, and so no winner. "
    "A strategy that lost runs is not named: in recovery, runs of its escape test or of its own; in the escape rate, "
    "tests that failed, since one that diverged counts as not escaped. An escape test that several rows show competes "
    "once, under its strategy's name. In recovery it is the AP after the spoilt start that competes. Stability is "
    f"compared among those of which fewer than half of the runs end degenerate, and whose mean mAP50-95 is {LEARNT:g} "
    "or more and at least half of the highest: what always fails is stable too. Commands are training runs that one "
    "has to start; hyper-parameters are those that a strategy has, at their defaults here. A loss spike is an epoch "
    "whose polygon loss jumps by more than 4 robust standard deviations of the changes before it."
)

ESCAPES = (
    "An escape test trains MGIoU alone for the first 30 % of the run and then the strategy. Only runs that predict "
    "full-image boxes on most images at that point are counted; one of them has escaped when it ends in no degenerate "
    "shape on most images: neither in full-image boxes nor in bow ties, collapsed, off the image or without any "
    "prediction. How good it is then is told by the AP of those that escaped, where under "
    f"{LEARNT:g} is nothing learnt, and by its share of its own AP. That is of the strategy without the spoilt start, "
    "in the same form at the same seed; where that ended in a degenerate shape itself, or under "
    f"{LEARNT:g}, there is no share. AP at the end and its share are of the runs that are counted, escaped or not."
)

CONTROLS = (
    "*Averaged* plays the mean of the weights that the strategy used: a strategy that beats it gains from changing "
    "them. *Shuffled* plays the same weights in random order: one that beats it gains from their timing. *Replayed* "
    "plays the weights of another seed's run: one that beats it gains from following its own run; for a strategy "
    "that does not follow its run that would be the strategy itself. UNDECIDED shows neither that it gains nor "
    "that it does not."
)

LEDGER = (
    "Means over epochs and runs. L2's share is of the update at the vertices; ratio is the median over epochs of "
    "‖∂L2‖ / ‖∂MGIoU‖ there; conflict is the share of steps in which the two gradients point apart (cosine below 0). "
    "Both losses are measured even where one has no weight. Δα is from step to step. Jump and dip are at the largest "
    "change of α: of the polygon loss, as a z-score among earlier epochs, and of mAP50-95."
)


def limits(report: Report) -> Iterator[str]:
    """Yield what the report does not say, and what is known of its precision, a line each."""
    if report.looks:
        first, last = report.looks
        yield (
            f"Seeds were added, and the verdicts may have been looked at after each, from {first} seeds to at most "
            f"{last}. Verdicts, winners and the numbers of seeds that would decide are corrected for that (a "
            f"number beyond {last} as if seeds had been added up to it; none beyond {most_seeds(report.looks)} is "
            "worked out); the intervals that are shown are not."
        )
    for comparison in report.comparisons:
        head = f"{comparison.title}: " if len(report.comparisons) > 1 else ""
        yield f"{head}{_noise(comparison.noise)}"
        yield f"{head}{_precision(comparison)}"
    yield from _clipped(report)
    yield (
        "All strategies of a table were trained with the same settings; whether other settings suit one of them better "
        "is not known. Nothing here extends to other data, models, sizes or training budgets."
    )
    yield (
        "Intervals are over seeds, on the validation images there are. Student's t takes differences over seeds as "
        "normal, and the sign-flip test as symmetric, which a few seeds cannot show."
    )


def claims_set(report: Report) -> str:
    """Return which claims were judged, and whether they are those that were declared before the runs."""
    if report.declared is None:
        return f"Claims {report.claims}; whether they were declared before these runs is not on record."
    if report.declared == report.claims:
        return f"Claims {report.claims}, as they were declared when the study began."
    told = (
        f"The claims were changed after the study began: they were {report.declared} then and are {report.claims} now."
    )
    if report.changed is None:
        return f"{told} What is judged here are those of now, so that runs may have been seen before a claim was put."
    if not report.changed:
        return f"{told} Those that are judged here are as they were declared: others were taken away."
    return (
        f"{told} Runs may have been seen before these were put: {'; '.join(report.changed)}. All others are as they "
        "were declared."
    )


def _noise(noise: Noise) -> str:
    if noise.rms is None:
        return "Noise of the machine itself: not on record (python -m bench run --aa measures it)."
    count = f"{len(noise.pairs)} {'pair' if len(noise.pairs) == 1 else 'pairs'}"
    ids = names([f"{once} and {again}" for _, _, once, again, _ in noise.pairs], 3)
    told = f"Noise of the machine itself, from {count} of the same run twice ({ids}): "
    if noise.rms == 0:
        return told + "none, mAP50-95 is the same to the last bit."
    largest = max(abs(pair[-1]) for pair in noise.pairs)
    return told + f"{noise.rms:.4f} of mAP50-95 (root mean square of the differences; the largest is {largest:.4f})."


def _clipped(report: Report) -> Iterator[str]:
    """Yield of which data sets MGIoU was taught polygons that the border of the frame had changed."""
    found = [one.title for one in report.comparisons if clips(one.condition["settings"])]
    if found:
        head = f"{names(found)}: " if len(found) < len(report.comparisons) else ""
        yield (
            f"{head}A vertex that augmentation took out of the frame was trained at its border (clip_vertices), as "
            "Ultralytics has it. L2 leaves it out; MGIoU was taught the polygon that this makes, which is not the "
            "object's. AP is measured on the objects' own."
        )


def _precision(comparison: Comparison) -> str:
    found = comparison.precision.values()
    known = [one for one in found if one.limited_by != "unknown"]
    if not known:
        return "Whether the seeds or the validation images limit the precision is not on record."
    counts = Counter(one.limited_by for one in known)
    told = ", ".join(f"{counts[key]} by {text}" for key, text in _LIMITS.items() if counts[key])
    return (
        f"Of {len(known)} {'difference' if len(known) == 1 else 'differences'} to {REFERENCE}, the precision is "
        f"limited: {told}. Standard errors from the seeds "
        f"{_range(known, 'se_seeds')}, from the validation images {_range(known, 'se_images')} (paired bootstrap)."
    )


_LIMITS = {"seeds": "the seeds", "validation set": "the validation images", "both": "both alike"}


def _range(found: list[ImagePrecision], which: str) -> str:
    values = [getattr(one, which) for one in found]
    return f"{min(values):.4f} to {max(values):.4f}"
