"""Training settings, and the words that set them."""

from bench.settings.study import DEFAULTS, QUICK, resolve

__all__ = [
    "DEFAULTS",
    "QUICK",
    "resolve",
]
