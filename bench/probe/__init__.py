"""The losses' landscape, measured without training."""

from bench.probe.measure import probe
from bench.probe.model import Landscape

__all__ = ["Landscape", "probe"]
