"""What is compared: a strategy in one MGIoU form."""

from __future__ import annotations

from typing import NamedTuple

from strategies import Strategy


class Arm(NamedTuple):
    """A strategy in one MGIoU form; None where it gives MGIoU no weight."""

    strategy: Strategy
    form: str | None
