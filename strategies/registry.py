"""Names to strategies: registering, looking up, and reading `name[parameter=value,...]`."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import itertools
import pkgutil
import sys
import traceback
import typing
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch

from strategies.base import Strategy
from strategies.errors import StrategyError
from strategies.parameters import cast, declare
from strategies.signals import Signals
from strategies.source import DIGITS, FAMILIES, digest_of, file_of, is_known, place_of
from strategies.text import read, split
from strategies.usable import check_forms, check_stages, check_step

ENTRY_POINTS = "hybridloss.strategies"

_registry: dict[str, type[Strategy]] = {}
S = TypeVar("S", bound=type[Strategy])


def register(name: str, *, core: bool = True) -> Callable[[S], S]:
    """Put a strategy class under `name` and make it a frozen, keyword-only dataclass of its parameters.

    Args:
        name: what users call it.
        core: whether it is one of those that `--all` compares; one that is not must be asked for by name.

    Raises:
        StrategyError: the name is taken or cannot be one, the class is no `Strategy`, or its parameters cannot be used.
    """
    if isinstance(name, type):  # `@register` alone, which would put a function in the place of the class
        raise StrategyError(f'{place_of(name)}: {name.__name__} is registered without a name; write @register("name")')

    def wrap(cls: S) -> S:
        if not (isinstance(cls, type) and issubclass(cls, Strategy)):
            raise StrategyError(f"strategy {name!r}: {cls!r} does not derive from strategies.Strategy")
        if not name or name != name.strip() or set(name) & set("[],"):
            raise StrategyError(
                f"strategy {name!r}, {place_of(cls)}: a name is not empty and holds no bracket or comma"
            )
        taken = _registry.get(name)
        if taken is not None:
            raise StrategyError(
                f"strategy {name!r} is registered twice, at {place_of(taken)} and at {place_of(cls)}; rename one"
            )
        for base in reversed(cls.__mro__):  # parameters declared by the unregistered bases (Mix, TwoStage) count too
            if issubclass(base, Strategy) and "__dataclass_fields__" not in vars(base):
                try:
                    declare(base)
                except (StrategyError, TypeError, ValueError) as error:  # the last two are `dataclass`'s own
                    raise StrategyError(f"strategy {name!r}, {place_of(base)}: {_line(error)}") from None
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
        StrategyError: unknown name or parameter, wrong type, code that fails, or weights, forms or stages that no run
            could use.
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
        values[key] = cast(value, declared[key], f"{name}[{key}={value}]")
    try:
        strategy = cls(**values)
        strategy.validate()
        _try_out(strategy)
    except StrategyError:
        raise
    except Exception as error:  # its author's slip; shown before the first run, and not in the middle of a study
        raise StrategyError(f"{name}: its code fails at {_place(error, cls)}: {_told(error)}") from error
    return strategy


def parse(text: str) -> list[Strategy]:
    """Read `name` or `name[key=value,...]`; a list as a value spans a grid: `static[alpha=[0.1,0.5]]` is two.

    Raises:
        StrategyError: the text cannot be read, or `build` refuses what it says.
    """
    name, bracket, inner = text.strip().partition("[")
    if not bracket:
        return [build(name)]
    if not inner.endswith("]"):
        raise StrategyError(f"cannot read {text!r}: the bracket is not closed; write name[key=value,key=value]")
    grid: dict[str, list[Any]] = {}
    for part in split(inner[:-1]):
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals or not key:
            raise StrategyError(f"cannot read {part!r} in {text!r}: write key=value")
        if key in grid:
            raise StrategyError(f"{key!r} stands twice in {text!r}; to try several values write {key}=[a,b]")
        try:
            parsed = read(value)
        except ValueError:
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


def load_plugin(source: str) -> list[str]:
    """Import a Python file (by path) or module (by name) that registers strategies.

    One that is loaded already, as what is installed or lies in this package is, is not imported twice.

    Returns:
        The names of the strategies that it registers: those whose classes it defines, and those that came with it.

    Raises:
        StrategyError: there is no such file or module, or it fails on import; then nothing of it stays registered.
    """
    before = set(names())
    with _told_as(f"plug-in {source} cannot be imported"):
        module = _imported_file(source) if source.endswith(".py") else importlib.import_module(source).__name__
    return [name for name in names() if name not in before or _defined_in(module, _registry[name])]


def _imported_file(source: str) -> str:
    """Import a file unless a module is made of it already; return the module's name."""
    path = Path(source).resolve()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__dict__", {}).get("__file__")  # asking a lazy module itself would load it
        if isinstance(file, str) and file.endswith(path.name) and Path(file).resolve() == path:
            return name
    # Files of one name in several folders are several modules.
    name = f"_bench_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:DIGITS]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise StrategyError(f"plug-in {source}: no such file")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return name


def _defined_in(module: str, cls: type) -> bool:
    return cls.__module__ == module or cls.__module__.startswith(f"{module}.")


@contextlib.contextmanager
def _told_as(what: str, advice: str = "") -> Iterator[None]:
    """Where an import fails, tell it in one line, and take back what it registered, so that it can be mended."""
    before = set(_registry)
    try:
        yield
    except BaseException as error:
        for name in set(_registry) - before:
            if _registry[name].__module__ not in sys.modules:  # a part that was imported is not imported again
                del _registry[name]
        parse_one.cache_clear()
        # A script without `if __name__ == "__main__"` may end with SystemExit.
        if isinstance(error, StrategyError) or not isinstance(error, Exception | SystemExit):
            raise
        raise StrategyError("; ".join(filter(None, (f"{what}: {_told(error)}", advice)))) from error


@cache
def _discover() -> None:
    """Import this package's families, then the entry points of whatever else is installed."""
    import strategies

    found = {module.name for module in pkgutil.iter_modules(strategies.__path__)}
    modules = [f"strategies.{module}" for module in (*FAMILIES, *sorted(found - set(FAMILIES)))]
    for module in modules:
        with _told_as(f"{module.replace('.', '/')}.py cannot be imported", "repair or remove it"):
            importlib.import_module(module)
    # One of them, or a plug-in, may have been imported before.
    rank = {module: place for place, module in enumerate(modules)}
    for name in sorted(_registry, key=lambda one: rank.get(_registry[one].__module__, len(rank))):
        _registry[name] = _registry.pop(name)
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        with _told_as(f"entry point {point.name} ({point.value}) cannot be loaded", "uninstall or repair its package"):
            point.load()


def _try_out(strategy: Strategy, epochs: int = 20) -> None:
    """Walk a made-up run and refuse weights, forms and stages that no run could use."""
    one = torch.tensor(1.0)
    state: Any = {}
    try:
        check_forms(strategy)
        check_stages(strategy)
        for epoch in range(epochs):
            signals = Signals(epoch, epochs, 0.5 * one, 0.3 * one, torch.tensor([[1.0, 0.1], [0.1, 0.04]]), state)
            state = strategy.observe(signals)
            check_step(strategy, dataclasses.replace(signals, state=state), f"at {epoch / epochs:.0%} of a run")
    except StrategyError as error:
        told = str(error).removeprefix(f"{strategy.name}: ")  # as `validate` begins
        raise StrategyError(f"{strategy.label}: {told} ({place_of(type(strategy))})") from None


def _told(error: BaseException) -> str:
    """Return what kind of error it is, and its text, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _line(error: Exception) -> str:
    """Return the text of an error in one line; what kind it is only where it is none of this package's."""
    return str(error) if isinstance(error, StrategyError) else _told(error)


def _place(error: Exception, cls: type) -> str:
    """Return where its author's code raised, as `file, line 12`; where the class is when none of that was under way."""
    files = {file_of(one) for one in cls.__mro__ if not is_known(one)}
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else place_of(cls)
