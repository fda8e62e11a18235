"""The parameters that a class declares: of which type they are, and which values they take."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
import typing
from typing import Any, ClassVar

from strategies.errors import StrategyError

_TEXT_TO_YAML = re.compile(r"[+-]?\d+\.?[eE][+-]?\d+|[+-]?(\d+\.\d*|\.\d+)[eE]\d+")
"""Numbers that YAML 1.1 takes for text: without a point, or without the exponent's sign."""


def declare(cls: type) -> None:
    """Make a class the frozen, keyword-only dataclass of its parameters.

    A default is taken as a value given for it is: `start: float = 1` is 1.0, and so one strategy. A parameter of a base
    that is set by its value alone, `start = 0.3`, keeps its type: left without one, a dataclass would not see it.

    Raises:
        StrategyError: a type or a default cannot be used, or the class has an `__init__` of its own.
    """
    if "__init__" in vars(cls):
        raise StrategyError("it has an __init__; declare parameters instead, as in `start: float = 0.8`")
    try:
        types = typing.get_type_hints(cls)
    except Exception as error:  # whatever evaluating an annotation may raise
        raise StrategyError(f"a parameter's type cannot be read: {error}") from None
    own = dict(inspect.get_annotations(cls))
    own.update({name: types[name] for name in _set_by_value(cls) if name not in own})
    cls.__annotations__ = own
    for name in own:
        if types[name] is not ClassVar and typing.get_origin(types[name]) is not ClassVar:
            setattr(cls, name, _default(cls, name, types[name]))
    dataclasses.dataclass(frozen=True, kw_only=True)(cls)


def cast(value: Any, wanted: Any, where: str) -> Any:
    """Return `value` as the declared type; only int to float and list to tuple are converted.

    Raises:
        StrategyError: it is of another type, or no finite number. The text begins with `where`.
    """
    if typing.get_origin(wanted) is tuple:
        return _cast_items(value, wanted, where)
    if wanted not in (bool, int, float, str, tuple):
        told = inspect.formatannotation(wanted)
        raise StrategyError(f"{where}: declared as {told}; declare it as bool, int, float, str or a tuple of these")
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
    return tuple(cast(item, kind, where) for item, kind in zip(value, each, strict=True))


def _set_by_value(cls: type) -> list[str]:
    """Return the parameters of its bases whose default is another in this class, or in what it is mixed with."""
    inherited = {
        field.name: field.default
        for base in reversed(cls.__mro__[1:])
        if "__dataclass_fields__" in vars(base)
        for field in dataclasses.fields(base)
    }
    return [name for name, default in inherited.items() if inspect.getattr_static(cls, name, default) is not default]


def _default(cls: type, name: str, wanted: Any) -> Any:
    """Return a parameter's default, as a value given for it would be taken."""
    value = inspect.getattr_static(cls, name, dataclasses.MISSING)
    if isinstance(value, dataclasses.Field):
        value = value.default
    if value is dataclasses.MISSING:
        raise StrategyError(f"its parameter {name} has no default; give it one, as in `{name}: float = 0.8`")
    return cast(value, wanted, f"{name}={value!r}")
