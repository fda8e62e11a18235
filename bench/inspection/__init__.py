"""What a data set holds, in figures, text and pictures."""

from bench.inspection.measure import Advice, Inspection, Loss, inspect

__all__ = [
    "Advice",
    "Inspection",
    "Loss",
    "inspect",
]
