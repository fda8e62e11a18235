"""In which number format the network computes: single precision or bfloat16."""

from __future__ import annotations

FP32, BF16 = "fp32", "bf16"


def amp_of(precision: str) -> str | bool:
    """Return the training setting `amp` of a precision."""
    return BF16 if precision == BF16 else False
