"""A report's figures. matplotlib is imported here and nowhere else in the report."""

from bench.report.figures.draw import Figure, describe, draw

__all__ = ["Figure", "describe", "draw"]
