"""Named sets of strategies and forms."""

from __future__ import annotations

import strategies
from bench.arm import Arm
from bench.claims import CLAIMS
from bench.claims.declared import rescue
from bench.losses import FORMS
from bench.study import arms_of
from strategies import Strategy

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
    rescues = arms_of(_different([strategies.parse_one(rescue(one).label) for one in names]), FORMS)
    needed = dict.fromkeys(arm for claim in CLAIMS for arm in claim.arms())
    claimed = [Arm(strategies.parse_one(arm.label), arm.form) for arm in needed]
    return list(dict.fromkeys([*core, *claimed, *rescues]))


def _different(rescues: list[Strategy]) -> list[Strategy]:
    """Return escape tests without those that would train what one before them does.

    Strategies of `--all` may be alike but for their forms, as MGIoU alone is in two, and an escape test has one form.
    """
    found: dict[object, Strategy] = {}
    for one in rescues:
        weights = strategies.open_loop_weights(one, epochs=100)
        found.setdefault((tuple(weights), one.stages()) if weights else one.label, one)
    return list(found.values())
