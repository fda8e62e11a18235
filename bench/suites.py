"""Named sets of strategies and forms."""

from __future__ import annotations

import strategies
from bench.arm import Arm
from bench.claims import CLAIMS
from bench.study import FORMS, arms_of

SUITES = ("core", "claims")


def arms_of_suite(name: str, forms: tuple[str, ...]) -> list[Arm]:
    """Return what a suite runs.

    `core` is `--all`. `claims` is that in both forms, the escape test of each of its strategies, and whatever else a
    claim needs: with it, every criterion of the report is measured.

    Args:
        name: one of `SUITES`.
        forms: MGIoU forms of `core`.
    """
    names = strategies.names(core=True)
    if name == "core":
        return arms_of([strategies.build(one) for one in names], forms)
    core = arms_of([strategies.build(one) for one in names], FORMS)
    rescues = arms_of([strategies.build("rescue", {"by": one}) for one in names if one != "mgiou-centred"], FORMS)
    needed = dict.fromkeys(arm for claim in CLAIMS for arm in claim.arms())
    claimed = [Arm(strategies.parse_one(arm.label), arm.form) for arm in needed]
    return list(dict.fromkeys([*core, *claimed, *rescues]))
