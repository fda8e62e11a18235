"""How near is near: what `bench probe` and the claims both take the round numbers that people quote to mean."""

ABOUT = 3.0
"""A factor: "about 100" is 33 to 300, "≈ 0.001" is 0.00033 to 0.003."""
LOSS_WITHIN = 0.05
""""≈ 0.25" of a loss that lies between 0 and 1."""
STRONG = 0.5
"""Share of a gradient that must be left of it far away for it to be strong there."""
