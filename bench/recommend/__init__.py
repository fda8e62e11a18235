"""Which strategy to use, within a budget."""

from bench.recommend.rounds import (
    MOST_SEEDS,
    Figures,
    Key,
    Rounds,
    Standing,
    affordable,
    in_the_running,
    open_to_the_best,
    outcome_of,
    read_budget,
    standings,
)

__all__ = [
    "MOST_SEEDS",
    "Figures",
    "Key",
    "Rounds",
    "Standing",
    "affordable",
    "in_the_running",
    "open_to_the_best",
    "outcome_of",
    "read_budget",
    "standings",
]
