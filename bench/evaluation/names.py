"""The names of a run's figures, in the order they are shown."""

PRIMARY = ("mAP50", "mAP50_95", "mAP75", "mAP90")
"""AP of the hull."""
SECONDARY = ("mAP50", "mAP50_95", "mAP75")
"""AP that is also taken of the ring and of the box."""
RATES = ("full_image", "bow_tie", "collapsed", "outside", "no_prediction")
"""Shares of the images."""

METRICS = (*PRIMARY, *(f"ring_{name}" for name in SECONDARY), *(f"box_{name}" for name in SECONDARY), *RATES)
