"""How near is near and how many are most: what the probe, claims and trackers take people's round numbers to mean."""

ABOUT = 3.0
"""A factor: "about 100" is 33 to 300, "≈ 0.001" is 0.00033 to 0.003."""
LOSS_WITHIN = 0.05
""""≈ 0.25" of a loss that lies between 0 and 1."""
STRONG = 0.5
"""Share of a gradient that must be left of it far away for it to be strong there."""

LEARNT = 0.01
"""The least mAP50-95, one point, of a run that has learnt anything; a share of less says nothing."""

COMPARABLE = 0.5
"""Share of the highest mAP50-95 from which on the stability of a strategy is compared."""

MOST = 0.5
"""A run is stuck in a shape when more than this share of its images have it."""
