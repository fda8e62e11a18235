"""How runs of one strategy in one MGIoU form are called."""

from __future__ import annotations


def arm_name(label: str, form: str | None) -> str:
    """Return `cosine (paper)`; the label alone where the strategy gives MGIoU no weight, and so has no form."""
    return f"{label} ({form})" if form else label
