"""L2 and MGIoU on polygons, their gradients at the vertices, and their mix. Needs torch and the strategies alone.

Shapes: B polygons of V vertices (3 to 16) in any one unit of length. Nothing here waits for the device, and no
operation depends on the order in which a GPU adds.
"""

from bench.losses.drop_in import SCHEDULES, HybridPolygonLoss
from bench.losses.l2 import l2_loss
from bench.losses.mgiou import FORMS, mgiou_loss
from bench.losses.polygons import REDUCTIONS
from bench.losses.terms import LossTerms, combine, loss_terms

__all__ = [
    "FORMS",
    "REDUCTIONS",
    "SCHEDULES",
    "HybridPolygonLoss",
    "LossTerms",
    "combine",
    "l2_loss",
    "loss_terms",
    "mgiou_loss",
]
