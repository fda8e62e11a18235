"""Comparisons a reviewer would accept. The unit is the difference between two runs with the same seed."""

from bench.statistics.equality import all_equal
from bench.statistics.images import ImagePrecision, precision_limit
from bench.statistics.multiplicity import holm
from bench.statistics.paired import CONFIDENCE, PairedDifference, mean_p_values, paired_difference, t_p_value
from bench.statistics.planning import most_seeds, power, seeds_to_decide
from bench.statistics.rates import rate_interval, rate_p_values
from bench.statistics.sequential import Looks, looks_p_value, nominal_level, over_looks, over_looks_exact
from bench.statistics.sign_flip import sign_flip_interval, sign_flip_p
from bench.statistics.verdicts import (
    ALPHA,
    BETTER,
    HOLM,
    LOOKS,
    LOST_RUNS,
    NO_SPREAD,
    UNDECIDED,
    WORSE,
    Verdict,
    despite_losses,
    verdicts,
)

__all__ = [
    "ALPHA",
    "BETTER",
    "CONFIDENCE",
    "HOLM",
    "LOOKS",
    "LOST_RUNS",
    "NO_SPREAD",
    "UNDECIDED",
    "WORSE",
    "ImagePrecision",
    "Looks",
    "PairedDifference",
    "Verdict",
    "all_equal",
    "despite_losses",
    "holm",
    "looks_p_value",
    "mean_p_values",
    "most_seeds",
    "nominal_level",
    "over_looks",
    "over_looks_exact",
    "paired_difference",
    "power",
    "precision_limit",
    "rate_interval",
    "rate_p_values",
    "seeds_to_decide",
    "sign_flip_interval",
    "sign_flip_p",
    "t_p_value",
    "verdicts",
]
