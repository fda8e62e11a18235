"""The report of a study that is under way, served to a browser on this machine."""

from bench.live.page import LivePage
from bench.live.server import LiveServer

__all__ = ["LivePage", "LiveServer"]
