"""Names to strategies: registering, looking up, and reading `name[parameter=value,...]`."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import importlib
import importlib.metadata
import importlib.util
import itertools
import math
import pkgutil
import re
import sys
import traceback
import typing
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch

from strategies.base import Strategy
from strategies.errors import StrategyError
from strategies.signals import Signals
from strategies.source import digest_of
from strategies.usable import check_step

ENTRY_POINTS = "hybridloss.strategies"

_TEXT_TO_YAML = re.compile(r"[+-]?\d+\.?[eE][+-]?\d+|[+-]?(\d+\.\d*|\.\d+)[eE]\d+")
"""Numbers that YAML 1.1 takes for text: without a point, or without the exponent's sign."""

_registry: dict[str, type[Strategy]] = {}
S = TypeVar("S", bound=type[Strategy])


def register(name: str, *, core: bool = True) -> Callable[[S], S]:
    """Put a strategy class under `name` and make it a frozen, keyword-only dataclass of its parameters.

    Args:
        name: what users call it.
        core: whether it is one of those that `--all` compares; one that is not must be asked for by name.

    Raises:
        StrategyError: the name is taken, or the class is no `Strategy`.
    """

    def wrap(cls: S) -> S:
        if not (isinstance(cls, type) and issubclass(cls, Strategy)):
            raise StrategyError(f"strategy {name!r}: {cls!r} does not derive from strategies.Strategy")
        taken = _registry.get(name)
        if taken is not None:
            raise StrategyError(
                f"strategy {name!r} is registered twice, by {taken.__module__} and {cls.__module__}; rename one"
            )
        for base in reversed(cls.__mro__):  # parameters declared by the unregistered bases (Mix, TwoStage) count too
            if issubclass(base, Strategy) and "__dataclass_fields__" not in vars(base):
                dataclasses.dataclass(frozen=True, kw_only=True)(base)
        cls.name = name
        cls.core = core
        cls.own_source = digest_of(cls)
        _registry[name] = cls
        parse_one.cache_clear()  # a text may have another meaning from now on
        return cls

    return wrap


def names(*, core: bool = False) -> list[str]:
    """Return every registered name, or those of `--all`; this package's own first, in the order of DESIGN's table."""
    _discover()
    return [name for name, cls in _registry.items() if cls.core or not core]


def get(name: str) -> type[Strategy]:
    """Return the class under `name`.

    Raises:
        StrategyError: there is none; the text proposes the nearest name.
    """
    _discover()
    if name not in _registry:
        near = difflib.get_close_matches(name, _registry, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_registry)}"
        raise StrategyError(f"no strategy is named {name!r}; {hint}")
    return _registry[name]


def find(name: str) -> type[Strategy] | None:
    """Return the class under `name`; None where there is none here, as where a plug-in is not loaded."""
    with contextlib.suppress(StrategyError):  # another package cannot be loaded, which is told when one is to be run
        _discover()
    return _registry.get(name)


def build(name: str, parameters: dict[str, Any] | None = None) -> Strategy:
    """Make a strategy with the given parameters, the others at their defaults.

    Raises:
        StrategyError: unknown name or parameter, wrong type, code that fails, or weights that no run could use.
    """
    cls = get(name)
    types = typing.get_type_hints(cls)
    declared = {f.name: types[f.name] for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in (parameters or {}).items():
        if key not in declared:
            near = difflib.get_close_matches(key, declared, n=1)
            known = ", ".join(declared) or "none"
            hint = f"did you mean {near[0]!r}?" if near else f"its parameters: {known}"
            raise StrategyError(f"{name} has no parameter {key!r}; {hint}")
        values[key] = _cast(value, declared[key], f"{name}[{key}={value}]")
    strategy = cls(**values)
    try:
        strategy.validate()
        _try_out(strategy)
    except StrategyError:
        raise
    except Exception as error:  # its author's slip; shown before the first run, and not in the middle of a study
        raise StrategyError(f"{strategy.label}: its code fails at {_place(error)}: {_told(error)}") from error
    return strategy


def parse(text: str) -> list[Strategy]:
    """Read `name` or `name[key=value,...]`; a list as a value spans a grid: `static[alpha=[0.1,0.5]]` is two.

    Raises:
        StrategyError: the text cannot be read, or `build` refuses what it says.
    """
    import yaml  # here, so that whoever takes a strategy as a class, as the losses do, needs torch alone

    name, bracket, inner = text.strip().partition("[")
    if not bracket:
        return [build(name)]
    if not inner.endswith("]"):
        raise StrategyError(f"cannot read {text!r}: the bracket is not closed; write name[key=value,key=value]")
    grid: dict[str, list[Any]] = {}
    for part in _split(inner[:-1]):
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals or not key:
            raise StrategyError(f"cannot read {part!r} in {text!r}: write key=value")
        if key in grid:
            raise StrategyError(f"{key!r} stands twice in {text!r}; to try several values write {key}=[a,b]")
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            raise StrategyError(f"cannot read the value {value!r} of {key!r} in {text!r}") from None
        grid[key] = parsed if isinstance(parsed, list) else [parsed]
        if not grid[key]:
            raise StrategyError(f"{key!r} in {text!r} has no value")
    return [build(name, dict(zip(grid, point, strict=True))) for point in itertools.product(*grid.values())]


@lru_cache(maxsize=1024)  # asked at every step by a strategy that is about another; an error is not kept
def parse_one(text: str) -> Strategy:
    """Read a text that stands for one strategy, such as a label.

    Raises:
        StrategyError: as in `parse`, or it spans a grid.
    """
    found = parse(text)
    if len(found) != 1:
        raise StrategyError(f"{text} is {len(found)} strategies; name one")
    return found[0]


def load_plugin(source: str) -> None:
    """Import a Python file (by path) or module (by name) that registers strategies.

    Raises:
        StrategyError: there is no such file or module, or it fails on import.
    """
    try:
        if not source.endswith(".py"):
            importlib.import_module(source)
            return
        path = Path(source).resolve()
        module_name = f"_bench_plugin_{path.stem}"
        if module_name in sys.modules and sys.modules[module_name].__file__ == str(path):
            return
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise StrategyError(f"plug-in {source}: no such file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
    except StrategyError:
        raise
    except (Exception, SystemExit) as error:  # a script without `if __name__ == "__main__"` may end with the latter
        raise StrategyError(f"plug-in {source} cannot be imported: {_told(error)}") from error


@cache
def _discover() -> None:
    """Import this package's families, then the entry points of whatever else is installed."""
    import strategies

    order = ("baselines", "static", "scheduled", "two_stage", "adaptive", "rescue", "controls", "hybrid")
    found = [module.name for module in pkgutil.iter_modules(strategies.__path__)]
    modules = [f"strategies.{module}" for module in (*order, *sorted(set(found) - set(order)))]
    for module in modules:
        importlib.import_module(module)
    # One of them, or a plug-in, may have been imported before.
    rank = {module: place for place, module in enumerate(modules)}
    for name in sorted(_registry, key=lambda one: rank.get(_registry[one].__module__, len(rank))):
        _registry[name] = _registry.pop(name)
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            point.load()
        except StrategyError:
            raise
        except (Exception, SystemExit) as error:
            raise StrategyError(
                f"entry point {point.name} ({point.value}) cannot be loaded: {error}; uninstall or repair its package"
            ) from error


def _split(inner: str) -> list[str]:
    """Split at the commas outside brackets."""
    parts, depth, start = [], 0, 0
    for position, char in enumerate(inner):
        depth += (char == "[") - (char == "]")
        if char == "," and depth == 0:
            parts.append(inner[start:position])
            start = position + 1
    return [part for part in (*parts, inner[start:]) if part.strip()]


def _cast(value: Any, wanted: Any, where: str) -> Any:
    """Return `value` as the declared type; only int to float and list to tuple are converted."""
    if typing.get_origin(wanted) is tuple:
        return _cast_items(value, wanted, where)
    if not isinstance(wanted, type):
        raise StrategyError(f"{where}: declared as {wanted}; declare it as bool, int, float, str or a tuple of these")
    if wanted is tuple and isinstance(value, list):
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if wanted is float and isinstance(value, str) and _TEXT_TO_YAML.fullmatch(value.strip()):
        value = float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise StrategyError(f"{where}: expected {wanted.__name__}, got {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise StrategyError(f"{where}: must be a finite number")
    return value


def _cast_items(value: Any, wanted: Any, where: str) -> tuple[Any, ...]:
    """Return a list or tuple as `tuple[float, ...]` or `tuple[float, int]` declares it."""
    kinds = typing.get_args(wanted)
    repeated = len(kinds) == 2 and kinds[1] is ...
    if not isinstance(value, list | tuple):
        raise StrategyError(f"{where}: expected {wanted}, got {type(value).__name__}; write KEY=[[a,b]]")
    if not repeated and len(value) != len(kinds):
        raise StrategyError(f"{where}: expected {wanted}, got {len(value)} values")
    each = kinds[:1] * len(value) if repeated else kinds
    return tuple(_cast(item, kind, where) for item, kind in zip(value, each, strict=True))


def _try_out(strategy: Strategy, epochs: int = 20) -> None:
    """Walk a made-up run and refuse weights that no run could use."""
    one = torch.tensor(1.0)
    state: Any = {}
    for epoch in range(epochs):
        signals = Signals(epoch, epochs, 0.5 * one, 0.3 * one, torch.tensor([[1.0, 0.1], [0.1, 0.04]]), state)
        state = strategy.observe(signals)
        try:
            check_step(strategy, dataclasses.replace(signals, state=state), f"at {epoch / epochs:.0%} of a run")
        except StrategyError as error:
            raise StrategyError(f"{strategy.label}: {error}") from None


def _told(error: BaseException) -> str:
    """Return what kind of error it is, and its text, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _place(error: Exception) -> str:
    """Return the file and line that raised, as `file, line 12`."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}, line {last.lineno}"
