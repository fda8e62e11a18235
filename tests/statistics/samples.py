"""Made-up studies: strategies that share a reference, with a spread over seeds as real runs have it."""

from __future__ import annotations

import numpy as np

from bench.statistics import PairedDifference, paired_difference

SD = 0.02
"""Of mAP50-95 over seeds."""


def by_seed(values):
    return dict(enumerate(values))


def study(rng: np.random.Generator, seeds: int, effects: np.ndarray, reference_sd: float = SD) -> np.ndarray:
    """Return differences to one reference, (strategies, seeds): each strategy's own spread and the reference's."""
    reference = rng.normal(0, reference_sd, seeds)
    return effects[:, None] + rng.normal(0, SD, (len(effects), seeds)) - reference


def compared(differences: np.ndarray) -> list[PairedDifference]:
    """Return each strategy's comparison, as a report makes it."""
    return [paired_difference(by_seed(row), dict.fromkeys(range(len(row)), 0.0)) for row in differences]
