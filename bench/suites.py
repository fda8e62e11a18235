"""Named sets of strategies and forms."""

from __future__ import annotations

import strategies
from bench.arm import Arm
from bench.claims import CLAIMS
from bench.study import arms_of

SUITES = ("core", "claims")


def arms_of_suite(name: str, forms: tuple[str, ...]) -> list[Arm]:
    """Return what a suite runs: `core` is `--all`; `claims` is that and whatever else a claim needs.

    Args:
        name: one of `SUITES`.
        forms: MGIoU forms of the core; claims name their own.
    """
    core = arms_of([strategies.build(one) for one in strategies.names(core=True)], forms)
    if name == "core":
        return core
    needed = dict.fromkeys(arm for claim in CLAIMS for arm in claim.arms())
    return list(dict.fromkeys([*core, *(Arm(strategies.parse(arm.label)[0], arm.form) for arm in needed)]))
