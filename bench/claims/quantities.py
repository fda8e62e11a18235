"""What claims are about: a number or an event of one run, read from its record."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.claims.model import NOT_STUCK, SILENT
from bench.margins import MOST
from bench.metrics import RATES
from bench.records import LOST, RunRecord

DEGENERATE = RATES
"""The rates of degenerate ends: of a shape, and of no prediction at all."""


@dataclass(frozen=True)
class Quantity:
    """A number of a run that is done; `read` gives None where it was not measured.

    Attributes:
        text: what it is.
        read: it from a record.
        is_ap: whether a run that was lost had none to speak of: then those that are left look better than all would.
    """

    text: str
    read: Callable[[RunRecord], float | None]
    is_ap: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happened in a run or not; `read` gives None for a run that cannot tell, `silent` says why."""

    text: str
    read: Callable[[RunRecord], bool | None]
    silent: str = SILENT


def _metric(key: str) -> Callable[[RunRecord], float | None]:
    return lambda record: _finite(record.metrics, key)


def _ledger(key: str) -> Callable[[RunRecord], float | None]:
    return lambda record: _finite(record.ledger, key)


def _finite(values: Mapping[str, float], key: str) -> float | None:
    value = values.get(key)
    return float(value) if value is not None and math.isfinite(value) else None


def _stuck(record: RunRecord) -> bool | None:
    rate = _finite(record.metrics, "full_image")
    return rate > MOST if record.done and rate is not None else None


def degenerate_shapes(record: RunRecord) -> tuple[str, ...]:
    """Return the degenerate shapes that a run that is done ends in on most images."""
    return tuple(rate for rate in DEGENERATE if record.done and (_finite(record.metrics, rate) or 0.0) > MOST)


def _degenerate(record: RunRecord) -> bool | None:
    """Whether a run that is done ends in one degenerate shape on most images."""
    return bool(degenerate_shapes(record)) if record.done else None


def _escaped(record: RunRecord) -> bool | None:
    """Whether a run that was stuck before its second stage ends in no degenerate shape; None if it never was stuck.

    One that finds nothing at its end, or has gone from full-image boxes to another bad minimum, has not escaped.
    """
    before = _finite(record.metrics, "stage1_full_image")
    if before is None or before <= MOST:
        return None
    if record.status == "diverged":
        return False
    return None if _stuck(record) is None else not _degenerate(record)


def _failed(record: RunRecord) -> bool | None:
    """Whether it diverged, failed, or ended in a degenerate shape; None for one that has not ended by itself."""
    if record.status in LOST:
        return True
    return _degenerate(record)


QUANTITIES: Mapping[str, Quantity] = {
    "mAP50_95": Quantity("mAP50-95", _metric("mAP50_95"), is_ap=True),
    "stage1_mAP50_95": Quantity("mAP50-95 before the last stage", _metric("stage1_mAP50_95"), is_ap=True),
    "stage2_low": Quantity(
        "lowest mAP50-95 measured after the first stage", _ledger("stage2_low_mAP50_95"), is_ap=True
    ),
    "transition_jump": Quantity(
        "polygon loss after the largest change of alpha minus before it, as a z-score among earlier epochs",
        _ledger("transition_jump"),
    ),
    "transition_dip": Quantity(
        "mAP50-95 first measured after the largest change of alpha minus last before it", _ledger("transition_dip")
    ),
    "alpha_step": Quantity("mean |change of alpha| from step to step", _ledger("alpha_step")),
    "grad_cosine": Quantity("cosine of the two gradients at the vertices, mean over the run", _ledger("grad_cosine")),
    "conflict": Quantity("share of steps with cosine < 0", _ledger("conflict")),
    "grad_ratio": Quantity("‖∂L2‖ / ‖∂MGIoU‖ at the vertices, median over epochs", _ledger("grad_ratio")),
    "share_l2": Quantity("L2's share of the update at the vertices, mean over the run", _ledger("share_l2")),
}


EVENTS: Mapping[str, Event] = {
    "stuck": Event("ends with full-image boxes on most images", _stuck),
    "escaped": Event(
        "ends in no degenerate shape on most images, of those stuck in full-image boxes before the second stage",
        _escaped,
        NOT_STUCK,
    ),
    "degenerate": Event("ends degenerate on most images", _degenerate),
    "failed": Event("diverges, fails or ends degenerate on most images", _failed),
}
