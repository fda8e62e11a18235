"""Strategies for mixing the L2 and the MGIoU polygon loss: one small file a family. Imports nothing of bench."""

from strategies.base import Mix, Strategy, Weight
from strategies.errors import StrategyError
from strategies.registry import build, find, get, load_plugin, names, parse, parse_one, register
from strategies.schedule import open_loop_prefix, open_loop_weights, varies
from strategies.signals import Signals, State, ema
from strategies.stage import Stage

__all__ = [
    "Mix",
    "Signals",
    "Stage",
    "State",
    "Strategy",
    "StrategyError",
    "Weight",
    "build",
    "ema",
    "find",
    "get",
    "load_plugin",
    "names",
    "open_loop_prefix",
    "open_loop_weights",
    "parse",
    "parse_one",
    "register",
    "varies",
]
