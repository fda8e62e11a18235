"""Claims for these tests, so that what is really declared may change without them."""

from __future__ import annotations

from bench.claims.statement import All, Arm, Claim, Contrast, Fact, Group, Rate, Region, Some, Term


def ahead(key, a, b, text="a hybrid loss beats L2 alone", note=""):
    """Return: the mean mAP50-95 of arms `a` is above that of arms `b`."""
    terms = [Term(sign, "mAP50_95", Group(tuple(arms))) for sign, arms in ((1.0, a), (-1.0, b))]
    return Claim(key, "Overall", text, Contrast(tuple(terms), Region(low=0.0)), note)


def escape(*labels):
    """Return: one of these strategies frees most stuck detectors, and MGIoU alone does not."""
    alone, *some = (Arm(f"rescue[by={label}]", "centred") for label in ("mgiou", *labels))
    freed = Some(tuple(Rate("escaped", arm, Region(low=0.5)) for arm in some))
    parts = (freed, Rate("escaped", alone, Region(high=0.5)))
    return Claim("escape-hybrid", "Escape", "a hybrid loss escapes where MGIoU alone does not", All(parts))


L2 = Arm("l2", None)
CLAIMS = (
    Claim("box", "Alone", "the box has a loss of 0.25", Fact("loss", ("box", "loss"), Region(0.2, 0.3))),
    escape("cosine"),
    ahead("overall-hybrid-beats-l2", [Arm("cosine"), Arm("linear")], [L2], note="the mean of cosine and linear"),
    ahead("overall-hybrid-beats-two-stage", [Arm("cosine")], [Arm("two-stage-50")], "one run is better than two"),
)
